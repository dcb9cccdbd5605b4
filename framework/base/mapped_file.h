/// A file as memory: pages are read when they are touched and shared between processes.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace conclave {

/// Private and writable: a write changes this process's copy of a page, never the file. Shortening the file
/// while it is mapped ends the process at the next read of a lost page, as with every mapping.
class MappedFile {
 public:
  /// Throws DataError when `path` is no readable file.
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::filesystem::path path_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace conclave
