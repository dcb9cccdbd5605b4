#include "framework/tensor/cpu/dot.h"

#ifdef __AVX2__
#include <immintrin.h>

#include "framework/tensor/cpu/dot_tile.h"

namespace conclave::kernels {
namespace {

struct Avx2 {
  using Reg = __m256;
  static constexpr int kWidth = 8, kRows = 2;

  static Reg zero() { return _mm256_setzero_ps(); }
  static Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static Reg load(const Bf16* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  template <class W>
  static Reg load_some(const W* p, int64_t n) {
    W some[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) some[i] = p[i];
    return load(some);
  }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }

  static Reg set(float x) { return _mm256_set1_ps(x); }
  static Reg mul(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static void store(Reg v, float* out) { _mm256_storeu_ps(out, v); }
  static Reg numbers(const BlockInt8& block, int part) { return widen(eight(block.q + part * kWidth)); }
  static Reg numbers(const BlockInt4& block, int part) {
    __m128i q = eight(block.q + part % 2 * kWidth);
    if (part >= 2) q = _mm_srli_epi16(q, 4);
    return widen(_mm_sub_epi8(_mm_and_si128(q, _mm_set1_epi8(15)), _mm_set1_epi8(8)));
  }
  static __m128i eight(const void* bytes) { return _mm_loadl_epi64(static_cast<const __m128i*>(bytes)); }
  static Reg widen(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)); }

  static void store_sums(Reg a, Reg b, Reg c, Reg d, float* out) {
    const __m128 ab = _mm_hadd_ps(half(a), half(b)), cd = _mm_hadd_ps(half(c), half(d));
    _mm_storeu_ps(out, _mm_hadd_ps(ab, cd));
  }
  static __m128 half(Reg v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
};

// exp by 2^k times a polynomial of degree 6 on [-ln2/2, ln2/2]; within 2 ulp.
__m256 exponential(__m256 x) {
  x = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(88.3F)), _mm256_set1_ps(-87.3F));
  const __m256 k = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 p = _mm256_set1_ps(1.0F / 720);
  for (const float c : {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F}) {
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(c));
  }
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

__m256 swish(__m256 x, __m256 minus_scale) {
  return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1), exponential(_mm256_mul_ps(minus_scale, x))));
}

void swish(float scale, float* h, int64_t n) {
  const __m256 minus = _mm256_set1_ps(-scale);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(h + i, swish(_mm256_loadu_ps(h + i), minus));
  if (i < n) {
    float some[8];
    _mm256_storeu_ps(some, swish(Avx2::load_some(h + i, n - i), minus));
    for (int64_t j = 0; i + j < n; ++j) h[i + j] = some[j];
  }
}

}  // namespace

const DotKernels* avx2_dot_kernels() {
  static constexpr DotKernels kKernels{"avx2",
                                       product<Avx2, float>,
                                       product<Avx2, Bf16>,
                                       product<Avx2, BlockInt8>,
                                       product<Avx2, BlockInt4>,
                                       stream<Avx2, float>,
                                       stream<Avx2, Bf16>,
                                       stream<Avx2, BlockInt8>,
                                       stream<Avx2, BlockInt4>,
                                       unpack<Avx2, BlockInt8>,
                                       unpack<Avx2, BlockInt4>,
                                       mix<Avx2, Bf16>,
                                       swish};
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kKernels : nullptr;
}

}  // namespace conclave::kernels

#else
const conclave::kernels::DotKernels* conclave::kernels::avx2_dot_kernels() {
  return nullptr;
}
#endif
