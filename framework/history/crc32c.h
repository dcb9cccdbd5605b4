/// CRC-32C (Castagnoli): finds flipped bytes in what the history keeps, and frames TensorBoard's records.
#pragma once

#include <cstdint>
#include <string_view>

namespace conclave {

/// Of `bytes` behind whatever gave `before`; 0 for no bytes.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace conclave
