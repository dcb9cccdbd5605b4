#include "framework/tensor/gguf_values.h"

#include <ATen/ATen.h>

#include <cstring>

#include "framework/base/error.h"
#include "framework/base/gguf_header.h"

namespace conclave {
namespace {

uint8_t byte(const std::byte* from, int64_t i) {
  return static_cast<uint8_t>(from[i]);
}

float half(const std::byte* from) {
  uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return static_cast<float>(at::Half(bits, at::Half::from_bits()));
}

// float16 scale, 32 int8
void q8_0(const std::byte* block, float* to) {
  const float scale = half(block);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(static_cast<int8_t>(byte(block, 2 + i)));
}

// float16 scale, 16 bytes: low halves are the first 16 values, high halves the others, 8 is zero
void q4_0(const std::byte* block, float* to) {
  const float scale = half(block);
  for (int i = 0; i < 16; ++i) {
    const int both = byte(block, 2 + i);
    to[i] = scale * static_cast<float>((both & 15) - 8);
    to[i + 16] = scale * static_cast<float>((both >> 4) - 8);
  }
}

// Scale and offset of group g of eight, six bits each, packed into twelve bytes: the first four whole, of the
// others four bits behind them and two above the first ones.
void q4_k_group(const std::byte* packed, int g, int& scale, int& offset) {
  if (g < 4) {
    scale = byte(packed, g) & 63;
    offset = byte(packed, g + 4) & 63;
    return;
  }
  scale = (byte(packed, g + 4) & 15) | (byte(packed, g - 4) >> 6) << 4;
  offset = (byte(packed, g + 4) >> 4) | (byte(packed, g) >> 6) << 4;
}

// float16 scale of scales, float16 scale of offsets, 12 bytes of these, 128 bytes: a pair of groups shares 32
void q4_k(const std::byte* block, float* to) {
  const float scales = half(block), offsets = half(block + 2);
  for (int g = 0; g < 8; ++g) {
    int scale = 0, offset = 0;
    q4_k_group(block + 4, g, scale, offset);
    const float step = scales * static_cast<float>(scale), base = offsets * static_cast<float>(offset);
    for (int i = 0; i < 32; ++i) {
      const int both = byte(block, 16 + g / 2 * 32 + i);
      to[g * 32 + i] = step * static_cast<float>(g % 2 == 0 ? both & 15 : both >> 4) - base;
    }
  }
}

// 128 bytes of low halves, 64 of upper pairs of bits, 16 int8 scales, float16 scale of scales; 32 is zero
void q6_k(const std::byte* block, float* to) {
  const float scales = half(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int part = i / 128, quarter = i % 128 / 32, place = i % 32;
    const int low = byte(block, part * 64 + quarter % 2 * 32 + place) >> (quarter < 2 ? 0 : 4) & 15;
    const int high = byte(block, 128 + part * 32 + place) >> (2 * quarter) & 3;
    const auto scale = static_cast<int8_t>(byte(block, 192 + i / 16));
    to[i] = scales * static_cast<float>(scale) * static_cast<float>((low | high << 4) - 32);
  }
}

}  // namespace

void gguf_values(uint32_t type, const std::byte* from, int64_t count, float* to) {
  const auto kind = gguf_type(type);
  require(kind && count % kind->values == 0, "[gguf] {} values of type {}", count, type);
  const auto convert = [&](at::ScalarType dtype) {
    auto* data = const_cast<std::byte*>(from);  // read alone
    at::from_blob(to, {count}, at::kFloat).copy_(at::from_blob(data, {count}, at::dtype(dtype)));
  };
  if (type == 0) return convert(at::kFloat);
  if (type == 1) return convert(at::kHalf);
  if (type == 30) return convert(at::kBFloat16);
  const auto block = type == 2 ? q4_0 : type == 8 ? q8_0 : type == 12 ? q4_k : q6_k;
  for (int64_t i = 0; i < count; i += kind->values, from += kind->bytes) block(from, to + i);
}

}  // namespace conclave
