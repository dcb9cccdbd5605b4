/// The header of a .safetensors file, without tensors.
///
/// Bytes of a file: u64 little-endian header length N; N bytes of JSON, padded with spaces; the data. The
/// JSON is {"__metadata__": {text: text}, NAME: {"dtype": "F32", "shape": [2,3], "data_offsets": [begin,
/// end]}}, offsets counted from the end of the header. What the parser returns keeps these:
///  1. names are unique, and dtype is one the format knows;
///  2. end - begin is the size that dtype and shape give;
///  3. sorted by begin, the entries cover the data without overlap, gap or trailing bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  ///< as the format writes it: "F32", "BF16", "I64", ...
  std::vector<int64_t> shape;
  uint64_t begin = 0;  ///< bytes from the start of the data
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< in the order of their data
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  ///< where the data starts in the file
};

/// Longest header that is read, as in the format's own implementation.
constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;

/// Bits of one element, or nothing when the format has no such dtype.
std::optional<int> safetensors_bits(std::string_view dtype);

/// Bytes of a tensor, or nothing when the size is not a whole number of bytes below 2^63.
std::optional<uint64_t> safetensors_bytes(int bits, const std::vector<int64_t>& shape);

/// Parses the header of `file`, the bytes of a whole file. Throws DataError that names `name` and the place.
SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name);

/// Header bytes with the length in front, padded to a multiple of 64 so that mapped data is aligned.
std::string format_safetensors_header(const std::vector<SafetensorsEntry>& entries,
                                      const std::map<std::string, std::string>& metadata);

}  // namespace conclave
