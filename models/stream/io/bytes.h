/// Bytes from a file, a pipe or memory; gzip is unpacked on the way.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace conclave::stream {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes as soon as there are any; 0 at the end. Throws DataError.
  virtual size_t read(char* to, size_t size) = 0;
  /// Whether read() would give something (or the end) without waiting.
  virtual bool ready() { return true; }
};

using ByteSourcePtr = std::unique_ptr<ByteSource>;

/// "-" is stdin. Throws DataError when `path` cannot be read.
ByteSourcePtr open_bytes(const std::filesystem::path& path);
ByteSourcePtr bytes_of(std::string text, const std::string& name = "memory");

}  // namespace conclave::stream
