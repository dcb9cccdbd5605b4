/// Products of a few rows with many weight rows, for AVX-512, AVX2 with FMA, and any machine.
/// Invariant: a result depends on its own row and weight row alone, never on how many rows there are or how
/// work is cut, so one token gives the same bits alone and in a batch.
#pragma once

#include <cstdint>
#include <span>

namespace conclave::kernels {

/// bfloat16 bits.
using Bf16 = uint16_t;

/// From so many bytes on weights count as coming from memory, up to so many rows of x.
constexpr int64_t kStreamedBytes = int64_t{1} << 20, kStreamedRows = 4;

constexpr int64_t kPackedBlock = 32;  // weights that share a scale

/// As GGUF's Q8_0: weight i is scale * q[i]; the scale is float16 bits.
struct BlockInt8 {
  uint16_t scale;
  int8_t q[kPackedBlock];
};
/// As GGUF's Q4_0: weight i < 16 is scale * (low half of q[i] - 8), weight i + 16 has the high half.
struct BlockInt4 {
  uint16_t scale;
  uint8_t q[kPackedBlock / 2];
};
static_assert(sizeof(BlockInt8) == 34 && sizeof(BlockInt4) == 18);

struct DotKernels {
  const char* name;
  /// out[r*ldo + c] = x[r] · w[c*ldw ...], r < rows, c < outs, over n elements.
  void (*product)(const float* const* x, int64_t rows, const float* w, int64_t ldw, int64_t outs, int64_t n,
                  float* out, int64_t ldo);
  /// The same with bfloat16 weights; sums in float32.
  void (*product_bf16)(const float* const* x, int64_t rows, const Bf16* w, int64_t ldw, int64_t outs,
                       int64_t n, float* out, int64_t ldo);
  /// The same with packed weights; n is a multiple of kPackedBlock, ldw counts blocks. The bits are those of
  /// `product` with the unpacked weights.
  void (*product_int8)(const float* const* x, int64_t rows, const BlockInt8* w, int64_t ldw, int64_t outs,
                       int64_t n, float* out, int64_t ldo);
  void (*product_int4)(const float* const* x, int64_t rows, const BlockInt4* w, int64_t ldw, int64_t outs,
                       int64_t n, float* out, int64_t ldo);
  /// The same bits, for weights that come from memory and few x: one weight row after the other, which
  /// prefetching follows at up to twice the speed of several at once.
  void (*stream)(const float* const* x, int64_t rows, const float* w, int64_t ldw, int64_t outs, int64_t n,
                 float* out, int64_t ldo);
  void (*stream_bf16)(const float* const* x, int64_t rows, const Bf16* w, int64_t ldw, int64_t outs,
                      int64_t n, float* out, int64_t ldo);
  void (*stream_int8)(const float* const* x, int64_t rows, const BlockInt8* w, int64_t ldw, int64_t outs,
                      int64_t n, float* out, int64_t ldo);
  void (*stream_int4)(const float* const* x, int64_t rows, const BlockInt4* w, int64_t ldw, int64_t outs,
                      int64_t n, float* out, int64_t ldo);
  /// The weights of so many blocks as numbers.
  void (*unpack_int8)(const BlockInt8* w, int64_t blocks, float* out);
  void (*unpack_int4)(const BlockInt4* w, int64_t blocks, float* out);
  /// out[r*ldo + c] = Σ_l x[r][l] · w[l*ldw + c], l < count, c < n: rows of w mixed by x, in float32.
  void (*mix_bf16)(const float* const* x, int64_t rows, const Bf16* w, int64_t ldw, int64_t count, int64_t n,
                   float* out, int64_t ldo);
  /// h[i] *= sigmoid(scale * h[i]): silu at 1, quick GELU at 1.702.
  void (*swish)(float scale, float* h, int64_t n);
};

/// Those this machine can run, best first; the plain one always.
std::span<const DotKernels* const> usable_dot_kernels();
/// The best, chosen once.
inline const DotKernels& dot_kernels() {
  return *usable_dot_kernels().front();
}

// Null where the compiler or the processor family has no such instructions.
const DotKernels* avx512_dot_kernels();
const DotKernels* avx2_dot_kernels();
const DotKernels* plain_dot_kernels();

}  // namespace conclave::kernels
