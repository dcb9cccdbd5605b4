/// SHA-256 (FIPS 180-4), for names of artifacts and cache keys that others can check.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace conclave {

/// Bytes may come in any number of parts.
class Sha256 {
 public:
  void add(std::string_view bytes);
  /// The hash as 64 hexadecimal digits; the object is spent.
  std::string finish();

 private:
  void block(const uint8_t* bytes);
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> waiting_{};
  uint64_t length_ = 0;
};

std::string sha256(std::string_view bytes);

/// Of a whole file, read part by part; throws DataError when it cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace conclave
