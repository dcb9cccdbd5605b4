#include "testing/testing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace conclave::testing {
namespace fs = std::filesystem;

std::optional<fs::path> data_dir() {
  if (const char* named = std::getenv("CONCLAVE_DATA")) return fs::path(named);
  const fs::path beside = fs::path(CONCLAVE_SOURCE_DIR).parent_path() / "shared" / "data";
  if (fs::exists(beside)) return beside;
  return std::nullopt;
}

TempDir::TempDir() {
  static std::atomic<int> serial{0};
  path_ = fs::temp_directory_path() /
          ("conclave-test-" + std::to_string(::getpid()) + "-" + std::to_string(serial++));
  fs::create_directories(path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace conclave::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
