#include "framework/tensor/cpu/dot.h"

#ifdef __AVX512F__
#include <immintrin.h>

#include "framework/tensor/cpu/dot_tile.h"

namespace conclave::kernels {
namespace {

struct Avx512 {
  using Reg = __m512;
  static constexpr int kWidth = 16, kRows = 4;

  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static Reg load(const Bf16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static Reg load_some(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static Reg load_some(const Bf16* p, int64_t n) { return widen(_mm256_maskz_loadu_epi16(first(n), p)); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }

  static Reg set(float x) { return _mm512_set1_ps(x); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static void store(Reg v, float* out) { _mm512_storeu_ps(out, v); }
  static Reg numbers(const BlockInt8& block, int part) {
    const auto* q = reinterpret_cast<const __m128i*>(block.q + part * kWidth);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(q)));
  }
  static Reg numbers(const BlockInt4& block, int part) {
    __m128i q = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.q));
    if (part == 1) q = _mm_srli_epi16(q, 4);
    q = _mm_sub_epi8(_mm_and_si128(q, _mm_set1_epi8(15)), _mm_set1_epi8(8));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q));
  }

  static void store_sums(Reg a, Reg b, Reg c, Reg d, float* out) {
    const __m128 ab = _mm_hadd_ps(quarter(a), quarter(b)), cd = _mm_hadd_ps(quarter(c), quarter(d));
    _mm_storeu_ps(out, _mm_hadd_ps(ab, cd));
  }

  static __mmask16 first(int64_t n) { return static_cast<__mmask16>((1U << n) - 1); }

 private:
  static Reg widen(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static __m128 quarter(Reg v) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
};

// exp by 2^k times a polynomial of degree 6 on [-ln2/2, ln2/2]; within 2 ulp.
__m512 exponential(__m512 x) {
  x = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(88.3F)), _mm512_set1_ps(-87.3F));
  const __m512 k =
      _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)), _MM_FROUND_TO_NEAREST_INT);
  __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(0.693359375F), x);
  r = _mm512_fnmadd_ps(k, _mm512_set1_ps(-2.12194440e-4F), r);
  __m512 p = _mm512_set1_ps(1.0F / 720);
  for (const float c : {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F}) {
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  }
  return _mm512_scalef_ps(p, k);
}

void swish(float scale, float* h, int64_t n) {
  const __m512 one = _mm512_set1_ps(1), minus = _mm512_set1_ps(-scale);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 mask = n - i >= 16 ? 0xffff : Avx512::first(n - i);
    const __m512 x = _mm512_maskz_loadu_ps(mask, h + i);
    const __m512 y = _mm512_div_ps(x, _mm512_add_ps(one, exponential(_mm512_mul_ps(minus, x))));
    _mm512_mask_storeu_ps(h + i, mask, y);
  }
}

}  // namespace

const DotKernels* avx512_dot_kernels() {
  static constexpr DotKernels kKernels{"avx512",
                                       product<Avx512, float>,
                                       product<Avx512, Bf16>,
                                       product<Avx512, BlockInt8>,
                                       product<Avx512, BlockInt4>,
                                       stream<Avx512, float>,
                                       stream<Avx512, Bf16>,
                                       stream<Avx512, BlockInt8>,
                                       stream<Avx512, BlockInt4>,
                                       unpack<Avx512, BlockInt8>,
                                       unpack<Avx512, BlockInt4>,
                                       mix<Avx512, Bf16>,
                                       swish};
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
             ? &kKernels
             : nullptr;
}

}  // namespace conclave::kernels

#else
const conclave::kernels::DotKernels* conclave::kernels::avx512_dot_kernels() {
  return nullptr;
}
#endif
