/// Products of a few rows with many weight rows, for AVX-512, AVX2 with FMA, and any machine.
/// Invariant: a result depends on its own row and weight row alone, never on how many rows there are or how
/// work is cut, so one token gives the same bits alone and in a batch.
#pragma once

#include <cstdint>
#include <span>

namespace conclave::kernels {

/// bfloat16 bits.
using Bf16 = uint16_t;

struct DotKernels {
  const char* name;
  /// out[r*ldo + c] = x[r] · w[c*ldw ...], r < rows, c < outs, over n elements.
  void (*product)(const float* const* x, int64_t rows, const float* w, int64_t ldw, int64_t outs, int64_t n,
                  float* out, int64_t ldo);
  /// The same with bfloat16 weights; sums in float32.
  void (*product_bf16)(const float* const* x, int64_t rows, const Bf16* w, int64_t ldw, int64_t outs,
                       int64_t n, float* out, int64_t ldo);
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
