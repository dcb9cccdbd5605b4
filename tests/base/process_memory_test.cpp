#include "framework/base/process_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace conclave {
namespace {

TEST(ProcessMemory, FollowsThePeakAndForgetsIt) {
  constexpr int64_t kBlock = int64_t{64} << 20;
  reset_peak_memory();
  const int64_t before = peak_memory();
  ASSERT_GT(before, 0);
  // Straight from the system: allocators keep what they are given back, compilers leave out what is not used.
  void* block = ::mmap(nullptr, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, kBlock);
  ::munmap(block, kBlock);
  EXPECT_GE(peak_memory(), before + kBlock / 2) << "stays after the block is gone";
  reset_peak_memory();
  EXPECT_LT(peak_memory(), before + kBlock / 2);
}

}  // namespace
}  // namespace conclave
