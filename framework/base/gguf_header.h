/// The header of a .gguf file (versions 2 and 3, little-endian), without tensors.
///
/// Bytes of a file: "GGUF", u32 version, u64 tensors, u64 pairs; the pairs (name, u32 type, value); the
/// tensors (name, u32 dimensions, u64 sizes from the innermost on, u32 type, u64 offset); zeros up to a
/// multiple of general.alignment; the data. What the parser returns keeps these:
///  1. names are unique, and every type is one of gguf_type's;
///  2. the data of every tensor lies within the file and begins at a multiple of the alignment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct GgufTensor {
  std::string name;
  std::vector<int64_t> shape;  ///< outermost first, as safetensors have it
  uint32_t type = 0;
  uint64_t begin = 0, bytes = 0;  ///< from the start of the file
};

struct GgufHeader {
  Json metadata;  ///< one value for each key; lists of more than a million values are an error
  std::vector<GgufTensor> tensors;
};

/// How values of a type are stored: so many in a block of so many bytes.
struct GgufType {
  const char* name;
  int64_t values, bytes;
};
/// F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K; nothing for the others.
std::optional<GgufType> gguf_type(uint32_t type);

/// Parses the header of `file`, the bytes of a whole file. Throws DataError that names `name` and the place.
GgufHeader parse_gguf_header(std::string_view file, const std::string& name);

}  // namespace conclave
