#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "framework/moe/kernels/cpu/blocks.h"
#include "framework/moe/kernels/cpu/weight_rows.h"
#include "framework/moe/kernels/ffn.h"

namespace conclave::kernels {
namespace {

// Slots in order of their expert.
struct Rows {
  std::vector<int32_t> offsets;  // E+1 ends
  std::vector<int32_t> slot;     // t*K + k of each row
  std::vector<int32_t> row;      // row of each slot, -1 without one
};

Rows sort_slots(const int32_t* expert, int64_t total, int64_t experts) {
  const auto runs = [&](int64_t s) { return expert[s] >= 0 && expert[s] < experts; };
  Rows rows{std::vector<int32_t>(experts + 1, 0), {}, std::vector<int32_t>(total, -1)};
  for (int64_t s = 0; s < total; ++s) {
    if (runs(s)) ++rows.offsets[expert[s] + 1];
  }
  for (int64_t e = 0; e < experts; ++e) rows.offsets[e + 1] += rows.offsets[e];
  std::vector<int32_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
  rows.slot.resize(rows.offsets.back());
  for (int64_t s = 0; s < total; ++s) {
    if (!runs(s)) continue;
    const int32_t r = next[expert[s]]++;
    rows.slot[r] = static_cast<int32_t>(s);
    rows.row[s] = r;
  }
  return rows;
}

void activate_row(const DotKernels& dot, Activation activation, float* h, int64_t n) {
  const auto each = [&](auto f) {
    for (int64_t i = 0; i < n; ++i) h[i] = f(h[i]);
  };
  constexpr float kRootHalf = std::numbers::sqrt2_v<float> / 2;
  constexpr float kRoot2OverPi = 0.7978845608028654F;
  switch (activation) {
    case Activation::silu:
      return dot.swish(1, h, n);
    case Activation::quick_gelu:
      return dot.swish(1.702F, h, n);
    case Activation::gelu:
      return each([](float x) { return 0.5F * x * (1 + std::erf(x * kRootHalf)); });
    case Activation::gelu_tanh:
      return each(
          [](float x) { return 0.5F * x * (1 + std::tanh(kRoot2OverPi * (x + 0.044715F * x * x * x))); });
    case Activation::relu:
      return each([](float x) { return x < 0 ? 0 : x; });
    case Activation::relu2:
      return each([](float x) { return x < 0 ? 0 : x * x; });
    case Activation::tanh:
      return each([](float x) { return std::tanh(x); });
  }
}

void add_row(float* to, const float* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += from[i];
}

WeightRows weight_rows(const Tensor& w, const PackedWeight& packed) {
  return packed.defined() ? WeightRows(packed) : WeightRows(w);
}

void run(const float* x, const FfnWeights& weights, const Rows& rows, const Groups& groups, int64_t slots,
         float* h_NF, float* y_ND) {
  const auto& dot = dot_kernels();
  const int64_t F = weights.hidden(), D = weights.ins(), out = weights.outs();
  const bool gated = weights.gated();
  const WeightRows w1 = weight_rows(weights.w1_EFD, weights.packed1),
                   w2 = weight_rows(weights.w2_EDF, weights.packed2);
  const WeightRows w3 = gated ? weight_rows(weights.w3_EFD, weights.packed3) : WeightRows();
  const float* b1 = weights.b1_EF.defined() ? weights.b1_EF.const_data_ptr<float>() : nullptr;
  const float* b3 = weights.b3_EF.defined() ? weights.b3_EF.const_data_ptr<float>() : nullptr;
  const float* b2 = weights.b2_ED.defined() ? weights.b2_ED.const_data_ptr<float>() : nullptr;

  const auto N = static_cast<int64_t>(rows.slot.size());
  const int threads = threads_for(N * F * (2 * D + out));
  std::vector<const float*> inputs(N), hidden(N);
  for (int64_t r = 0; r < N; ++r) {
    inputs[r] = x + rows.slot[r] / slots * D;
    hidden[r] = h_NF + r * F;
  }
  each_block(groups, F, threads, [&](int64_t e, int64_t first, int64_t count, int64_t begin, int64_t width) {
    alignas(64) float up[kRowPanel * kMaxBlock];
    float* h = h_NF + first * F + begin;
    multiply(dot, &inputs[first], count, w1, e * F + begin, width, h, F);
    if (gated) multiply(dot, &inputs[first], count, w3, e * F + begin, width, up, width);
    for (int64_t r = 0; r < count; ++r) {
      if (b1) add_row(h + r * F, b1 + e * F + begin, width);
      activate_row(dot, weights.activation, h + r * F, width);
      if (!gated) continue;
      if (b3) add_row(up + r * width, b3 + e * F + begin, width);
      for (int64_t i = 0; i < width; ++i) h[r * F + i] *= up[r * width + i];
    }
  });
  each_block(groups, out, threads,
             [&](int64_t e, int64_t first, int64_t count, int64_t begin, int64_t width) {
               float* y = y_ND + first * out + begin;
               multiply(dot, &hidden[first], count, w2, e * out + begin, width, y, out);
               if (!b2) return;
               for (int64_t r = 0; r < count; ++r) add_row(y + r * out, b2 + e * out + begin, width);
             });
}

void combine(const Rows& rows, const float* weight, const float* y_ND, int64_t tokens, int64_t slots,
             int64_t width, float* out) {
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / (slots * width));
  parallel_ranges(tokens, grain, [=, &rows](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* sum = out + t * width;
      std::fill(sum, sum + width, 0.0F);
      for (int64_t k = 0; k < slots; ++k) {
        const int32_t r = rows.row[t * slots + k];
        if (r < 0) continue;
        const float w = weight[t * slots + k];
        for (int64_t d = 0; d < width; ++d) sum[d] += w * y_ND[r * width + d];
      }
    }
  });
}

bool float_or_bf16(const Tensor& t) {
  return t.is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

bool takes(const Tensor& x_TD, const FfnWeights& w) {
  if (!float_or_bf16(x_TD)) return false;
  if (w.packed1.defined()) return true;
  if (!float_or_bf16(w.w1_EFD)) return false;
  for (const Tensor* t : {&w.w1_EFD, &w.w3_EFD, &w.w2_EDF}) {
    if (t->defined() && !(t->scalar_type() == w.w1_EFD.scalar_type() && t->is_cpu() && t->is_contiguous())) {
      return false;
    }
  }
  return true;
}

Tensor as_float(const Tensor& t) {
  return t.defined() ? t.to(at::kFloat).contiguous() : t;
}

}  // namespace

Tensor fused_ffn(const Tensor& x_TD, const FfnWeights& weights, const Tensor& expert_TK,
                 const Tensor& weight_TK) {
  if (!takes(x_TD, weights)) return {};
  const int64_t tokens = expert_TK.size(0), slots = expert_TK.size(1), experts = weights.experts();
  const int64_t F = weights.hidden(), width = weights.outs();
  const Tensor expert = expert_TK.contiguous();
  const Rows rows = sort_slots(expert.const_data_ptr<int32_t>(), expert.numel(), experts);
  const auto N = static_cast<int64_t>(rows.slot.size());
  const Groups groups(rows.offsets);
  // From about four rows an expert on, bfloat16 matrix instructions win.
  const bool packed = weights.packed1.defined();
  if (!packed && x_TD.scalar_type() == at::kBFloat16 && N > 4 * static_cast<int64_t>(groups.active.size()))
    return {};

  const Tensor x = as_float(x_TD), weight = as_float(weight_TK);
  FfnWeights own = weights;
  own.b1_EF = as_float(weights.b1_EF);
  own.b3_EF = as_float(weights.b3_EF);
  own.b2_ED = as_float(weights.b2_ED);
  Tensor scratch = at::empty({N * (F + width)}, x.options());
  Tensor out = at::empty({tokens, width}, x.options());
  float* h_NF = scratch.mutable_data_ptr<float>();
  float* y_ND = h_NF + N * F;
  run(x.const_data_ptr<float>(), own, rows, groups, slots, h_NF, y_ND);
  combine(rows, weight.const_data_ptr<float>(), y_ND, tokens, slots, width, out.mutable_data_ptr<float>());
  return x_TD.scalar_type() == at::kFloat ? out : out.to(x_TD.scalar_type());
}

}  // namespace conclave::kernels
