/// CRC-32C (Castagnoli): finds flipped bytes in the history and in files of sound codes, frames TensorBoard's
/// records.
#pragma once

#include <cstdint>
#include <string_view>

namespace conclave {

/// Of `bytes` behind whatever gave `before`; 0 for no bytes.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace conclave
