// The register tile behind dot.h, over a vector type V. Included by one file per instruction set, each
// compiled with its own flags: everything is in an anonymous namespace and no other header comes in.
#pragma once

#include "framework/tensor/cpu/dot.h"

namespace conclave::kernels {
namespace {

// Float16 bits as a number, without the instructions for it; infinities become large numbers.
inline float half_value(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  float value;
  __builtin_memcpy(&value, &magnitude, sizeof value);
  value *= 5.192296858534828e33F;  // 2^112, the difference of the exponents' biases
  return bits & 0x8000 ? -value : value;
}

// sum[r][c] += x[r] · w[c]
template <class V, int R, int C, class W>
inline void add_products(const float* const* x, const W* w, int64_t ldw, int64_t n,
                         typename V::Reg (&sum)[R][C]) {
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    typename V::Reg weight[C];
    for (int c = 0; c < C; ++c) weight[c] = V::load(w + c * ldw + i);
    for (int r = 0; r < R; ++r) {
      const auto value = V::load(x[r] + i);
      for (int c = 0; c < C; ++c) sum[r][c] = V::fma(value, weight[c], sum[r][c]);
    }
  }
  if (i < n) {
    typename V::Reg weight[C];
    for (int c = 0; c < C; ++c) weight[c] = V::load_some(w + c * ldw + i, n - i);
    for (int r = 0; r < R; ++r) {
      const auto value = V::load_some(x[r] + i, n - i);
      for (int c = 0; c < C; ++c) sum[r][c] = V::fma(value, weight[c], sum[r][c]);
    }
  }
}

// The same with blocks, which are unpacked into registers.
template <class V, int R, int C, class Block>
inline void add_packed(const float* const* x, const Block* w, int64_t ldw, int64_t n,
                       typename V::Reg (&sum)[R][C]) {
  for (int64_t b = 0; b < n / kPackedBlock; ++b) {
    typename V::Reg scale[C];
    for (int c = 0; c < C; ++c) scale[c] = V::set(half_value(w[c * ldw + b].scale));
    for (int part = 0; part < kPackedBlock / V::kWidth; ++part) {
      typename V::Reg weight[C];
      for (int c = 0; c < C; ++c) weight[c] = V::mul(scale[c], V::numbers(w[c * ldw + b], part));
      for (int r = 0; r < R; ++r) {
        const auto value = V::load(x[r] + b * kPackedBlock + part * V::kWidth);
        for (int c = 0; c < C; ++c) sum[r][c] = V::fma(value, weight[c], sum[r][c]);
      }
    }
  }
}
template <class W>
constexpr bool kIsBlock = false;
template <>
constexpr bool kIsBlock<BlockInt8> = true;
template <>
constexpr bool kIsBlock<BlockInt4> = true;

// R x C sums at once. Each sum has its own accumulator and the same tree at the end, whatever R and C are.
template <class V, int R, int C, class W>
inline void tile(const float* const* x, const W* w, int64_t ldw, int64_t n, float* out, int64_t ldo) {
  typename V::Reg sum[R][C];
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) sum[r][c] = V::zero();
  }
  if constexpr (kIsBlock<W>)
    add_packed<V, R, C>(x, w, ldw, n, sum);
  else
    add_products<V, R, C>(x, w, ldw, n, sum);
  for (int r = 0; r < R; ++r) {
    if constexpr (C % 4 == 0) {
      for (int c = 0; c < C; c += 4) {
        V::store_sums(sum[r][c], sum[r][c + 1], sum[r][c + 2], sum[r][c + 3], out + r * ldo + c);
      }
    } else {
      float sums[4];
      V::store_sums(sum[r][0], V::zero(), V::zero(), V::zero(), sums);
      out[r * ldo] = sums[0];
    }
  }
}

// All rows against C weight rows, which stay in the first cache level meanwhile.
template <class V, int C, class W>
inline void column(const float* const* x, int64_t rows, const W* w, int64_t ldw, int64_t n, float* out,
                   int64_t ldo) {
  int64_t r = 0;
  for (; r + V::kRows <= rows; r += V::kRows) tile<V, V::kRows, C>(x + r, w, ldw, n, out + r * ldo, ldo);
  switch (rows - r) {
    case 3:
      tile<V, 3, C>(x + r, w, ldw, n, out + r * ldo, ldo);
      break;
    case 2:
      tile<V, 2, C>(x + r, w, ldw, n, out + r * ldo, ldo);
      break;
    case 1:
      tile<V, 1, C>(x + r, w, ldw, n, out + r * ldo, ldo);
      break;
    default:
      break;
  }
}

template <class V, class W>
void product(const float* const* x, int64_t rows, const W* w, int64_t ldw, int64_t outs, int64_t n,
             float* out, int64_t ldo) {
  int64_t c = 0;
  if (rows == 1) {  // more sums at once, to hide the latency of one row's additions
    for (; c + 8 <= outs; c += 8) tile<V, 1, 8>(x, w + c * ldw, ldw, n, out + c, ldo);
  }
  for (; c + 4 <= outs; c += 4) column<V, 4>(x, rows, w + c * ldw, ldw, n, out + c, ldo);
  for (; c < outs; ++c) column<V, 1>(x, rows, w + c * ldw, ldw, n, out + c, ldo);
}

template <class V, class W>
void stream(const float* const* x, int64_t rows, const W* w, int64_t ldw, int64_t outs, int64_t n, float* out,
            int64_t ldo) {
  for (int64_t c = 0; c < outs; ++c) column<V, 1>(x, rows, w + c * ldw, ldw, n, out + c, ldo);
}

template <class V, class Block>
void unpack(const Block* w, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b) {
    const auto scale = V::set(half_value(w[b].scale));
    for (int part = 0; part < kPackedBlock / V::kWidth; ++part)
      V::store(V::mul(scale, V::numbers(w[b], part)), out + b * kPackedBlock + part * V::kWidth);
  }
}

// R rows of sums over P registers of columns.
template <class V, int R, int P, class W>
inline void mix_tile(const float* const* x, const W* w, int64_t ldw, int64_t count, float* out, int64_t ldo) {
  typename V::Reg sum[R][P];
  for (int r = 0; r < R; ++r) {
    for (int p = 0; p < P; ++p) sum[r][p] = V::zero();
  }
  for (int64_t l = 0; l < count; ++l) {
    typename V::Reg row[P];
    for (int p = 0; p < P; ++p) row[p] = V::load(w + l * ldw + p * V::kWidth);
    for (int r = 0; r < R; ++r) {
      const auto share = V::set(x[r][l]);
      for (int p = 0; p < P; ++p) sum[r][p] = V::fma(share, row[p], sum[r][p]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int p = 0; p < P; ++p) V::store(sum[r][p], out + r * ldo + p * V::kWidth);
  }
}

template <class V, int R, class W>
inline void mix_rows(const float* const* x, const W* w, int64_t ldw, int64_t count, int64_t n, float* out,
                     int64_t ldo) {
  int64_t c = 0;
  for (; c + 4 * V::kWidth <= n; c += 4 * V::kWidth) mix_tile<V, R, 4>(x, w + c, ldw, count, out + c, ldo);
  for (; c + V::kWidth <= n; c += V::kWidth) mix_tile<V, R, 1>(x, w + c, ldw, count, out + c, ldo);
  if (c == n) return;
  for (int r = 0; r < R; ++r) {
    auto sum = V::zero();
    for (int64_t l = 0; l < count; ++l)
      sum = V::fma(V::set(x[r][l]), V::load_some(w + l * ldw + c, n - c), sum);
    float last[V::kWidth];
    V::store(sum, last);
    for (int64_t i = 0; i < n - c; ++i) out[r * ldo + c + i] = last[i];
  }
}

template <class V, class W>
void mix(const float* const* x, int64_t rows, const W* w, int64_t ldw, int64_t count, int64_t n, float* out,
         int64_t ldo) {
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) mix_rows<V, 2>(x + r, w, ldw, count, n, out + r * ldo, ldo);
  if (r < rows) mix_rows<V, 1>(x + r, w, ldw, count, n, out + r * ldo, ldo);
}

}  // namespace
}  // namespace conclave::kernels
