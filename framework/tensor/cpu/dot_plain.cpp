#include <bit>
#include <cmath>

#include "framework/tensor/cpu/dot_tile.h"

namespace conclave::kernels {
namespace {

struct Plain {
  static constexpr int kWidth = 4, kRows = 2;
  struct Reg {
    float lane[kWidth];
  };

  static float number(float x) { return x; }
  static float number(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

  static Reg zero() { return {}; }
  template <class W>
  static Reg load(const W* p) {
    return load_some(p, kWidth);
  }
  template <class W>
  static Reg load_some(const W* p, int64_t n) {
    Reg v{};
    for (int64_t i = 0; i < n; ++i) v.lane[i] = number(p[i]);
    return v;
  }
  static Reg fma(const Reg& a, const Reg& b, Reg c) {
    for (int i = 0; i < kWidth; ++i) c.lane[i] += a.lane[i] * b.lane[i];
    return c;
  }
  static Reg set(float x) { return {{x, x, x, x}}; }
  static Reg mul(const Reg& a, Reg b) {
    for (int i = 0; i < kWidth; ++i) b.lane[i] *= a.lane[i];
    return b;
  }
  static void store(const Reg& v, float* out) {
    for (int i = 0; i < kWidth; ++i) out[i] = v.lane[i];
  }
  static Reg numbers(const BlockInt8& block, int part) {
    Reg v;
    for (int i = 0; i < kWidth; ++i) v.lane[i] = block.q[part * kWidth + i];
    return v;
  }
  static Reg numbers(const BlockInt4& block, int part) {
    Reg v;
    for (int i = 0; i < kWidth; ++i) {
      const int place = part * kWidth + i;
      v.lane[i] = static_cast<float>((place < 16 ? block.q[place] & 15 : block.q[place - 16] >> 4) - 8);
    }
    return v;
  }
  static float total(const Reg& v) { return (v.lane[0] + v.lane[1]) + (v.lane[2] + v.lane[3]); }
  static void store_sums(const Reg& a, const Reg& b, const Reg& c, const Reg& d, float* out) {
    out[0] = total(a);
    out[1] = total(b);
    out[2] = total(c);
    out[3] = total(d);
  }
};

void swish(float scale, float* h, int64_t n) {
  for (int64_t i = 0; i < n; ++i) h[i] /= 1 + std::exp(-scale * h[i]);
}

}  // namespace

const DotKernels* plain_dot_kernels() {
  static constexpr DotKernels kKernels{"plain",
                                       product<Plain, float>,
                                       product<Plain, Bf16>,
                                       product<Plain, BlockInt8>,
                                       product<Plain, BlockInt4>,
                                       stream<Plain, float>,
                                       stream<Plain, Bf16>,
                                       stream<Plain, BlockInt8>,
                                       stream<Plain, BlockInt4>,
                                       unpack<Plain, BlockInt8>,
                                       unpack<Plain, BlockInt4>,
                                       mix<Plain, Bf16>,
                                       swish};
  return &kKernels;
}

}  // namespace conclave::kernels
