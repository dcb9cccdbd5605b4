/// Whole-file reading and crash-safe writing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace conclave {

/// The bytes of `path`; throws DataError when it cannot be read or is longer than `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit = size_t{1} << 32);

/// Writes to a temporary name beside `path`, syncs, renames: a crash leaves the old file or the new one.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The same in pieces: nothing is seen under `path` before commit(), nothing is left without it. Throws
/// Error.
class AtomicFile {
 public:
  /// Makes the parent folders when they are missing.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);
  /// Over or behind what was written; write() goes on where it was.
  void write_at(uint64_t place, std::string_view bytes);
  /// Syncs the bytes, renames, syncs the folder. Call once, last.
  void commit();

 private:
  [[noreturn]] void fail(const char* step, int code);

  std::filesystem::path path_, temporary_;
  int file_ = -1;
};

/// Makes renames within `folder` survive a power cut.
void sync_folder(const std::filesystem::path& folder);

}  // namespace conclave
