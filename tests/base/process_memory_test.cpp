#include "framework/base/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace conclave {
namespace {

TEST(ProcessMemory, FollowsThePeakAndForgetsIt) {
  constexpr int64_t kBlock = int64_t{64} << 20;
  reset_peak_memory();
  const int64_t before = peak_memory();
  ASSERT_GT(before, 0);
  { const std::vector<char> block(kBlock, 1); }
  EXPECT_GE(peak_memory(), before + kBlock / 2) << "stays after the block is gone";
  reset_peak_memory();
  EXPECT_LT(peak_memory(), before + kBlock / 2);
}

}  // namespace
}  // namespace conclave
