/// Helpers that every test program shares. conclave_testing brings main().
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "framework/base/error.h"

namespace conclave::testing {

/// Folder of the real data (../shared/data beside the checkout, or CONCLAVE_DATA); empty when there is none.
std::optional<std::filesystem::path> data_dir();

/// A fresh folder under the system's temporary folder, removed with everything in it at the end of its scope.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// What `f` throws, or "no error".
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace conclave::testing

/// Skips the test, saying how to get the data, unless `relative` exists below the data folder.
#define CONCLAVE_NEED_DATA(relative)                                           \
  if (!::conclave::testing::data_dir() ||                                      \
      !std::filesystem::exists(*::conclave::testing::data_dir() / (relative))) \
  GTEST_SKIP() << "real data not found: " << (relative) << " (looked in ../shared/data; set CONCLAVE_DATA)"
