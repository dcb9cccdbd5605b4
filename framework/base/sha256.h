/// SHA-256 (FIPS 180-4), for names of artifacts and cache keys that others can check.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace conclave {

/// Bytes may come in any number of parts.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// The hash as 64 hexadecimal digits; the object is spent.
  std::string finish();

 private:
  std::shared_ptr<void> context_;  // libcrypto's, which uses the processor's own instructions
};

std::string sha256(std::string_view bytes);

/// Of a whole file, read part by part; throws DataError when it cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace conclave
