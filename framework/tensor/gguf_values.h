/// Values of the types of a .gguf file as numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace conclave {

/// `count` values of `type` (gguf_type of framework/base/gguf_header.h), a whole number of blocks, as
/// float32.
void gguf_values(uint32_t type, const std::byte* from, int64_t count, float* to);

}  // namespace conclave
