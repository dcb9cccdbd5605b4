#include "framework/nn/attend_one.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/tensor/cpu/dot.h"
#include "framework/tensor/cpu/parallel.h"

namespace conclave {
namespace {

bool serves(const Tensor& q_NH1C, std::span<const KeyValue> pieces, const Visibility& visibility) {
  const auto plain = [](const Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kBFloat16 && t.stride(3) == 1 &&
           !(at::GradMode::is_enabled() && t.requires_grad());
  };
  if (q_NH1C.size(2) != 1 || q_NH1C.numel() == 0 || visibility.allowed.defined() ||
      visibility.blind.defined() || at::autocast::is_autocast_enabled(at::kCPU))
    return false;
  // With one query, causal visibility shows it the first key alone: not what new tokens ask.
  if (visibility.causal) return false;
  if (!q_NH1C.is_cpu() || q_NH1C.scalar_type() != at::kBFloat16 ||
      (at::GradMode::is_enabled() && q_NH1C.requires_grad()))
    return false;
  return std::ranges::all_of(
      pieces, [&](const KeyValue& piece) { return plain(piece.k_RHLC) && plain(piece.v_RHLC); });
}

const kernels::Bf16* start_of(const Tensor& x_RHLC, int64_t row, int64_t head) {
  return reinterpret_cast<const kernels::Bf16*>(x_RHLC.const_data_ptr<at::BFloat16>()) +
         row * x_RHLC.stride(0) + head * x_RHLC.stride(1);
}

}  // namespace

Tensor attend_one(const Tensor& q_NH1C, std::span<const KeyValue> pieces, const Visibility& visibility) {
  if (!serves(q_NH1C, pieces, visibility)) return {};
  const int64_t rows = q_NH1C.size(0), heads = q_NH1C.size(1), width = q_NH1C.size(3);
  const int64_t kv_heads = pieces.front().k_RHLC.size(1), group = heads / kv_heads;
  const int64_t out_width = pieces.front().v_RHLC.size(3);
  int64_t keys = 0;
  for (const auto& piece : pieces) keys += piece.k_RHLC.size(2);
  const Tensor q = (q_NH1C.to(at::kFloat) / std::sqrt(static_cast<double>(width))).contiguous();
  Tensor y = at::empty({rows, heads, 1, out_width}, q.options());
  const float* from = q.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  const auto& dot = kernels::dot_kernels();
  const auto one = [&](int64_t task) {
    const int64_t row = task / kv_heads, head = task % kv_heads, first = row * heads + head * group;
    std::vector<float> score(static_cast<size_t>(group * keys)), part(static_cast<size_t>(group * out_width));
    std::vector<const float*> query(static_cast<size_t>(group)), share(query.size());
    for (int64_t g = 0; g < group; ++g) query[static_cast<size_t>(g)] = from + (first + g) * width;
    int64_t at = 0;
    for (const auto& [k, v] : pieces) {
      dot.product_bf16(query.data(), group, start_of(k, row / (rows / k.size(0)), head), k.stride(2),
                       k.size(2), width, score.data() + at, keys);
      at += k.size(2);
    }
    for (int64_t g = 0; g < group; ++g) {
      float* s = score.data() + g * keys;
      const float most = *std::max_element(s, s + keys);
      float sum = 0;
      for (int64_t l = 0; l < keys; ++l) sum += s[l] = std::exp(s[l] - most);
      for (int64_t l = 0; l < keys; ++l) s[l] /= sum;
    }
    at = 0;
    float* out = to + first * out_width;
    for (const auto& [k, v] : pieces) {
      for (int64_t g = 0; g < group; ++g) share[static_cast<size_t>(g)] = score.data() + g * keys + at;
      float* here = at == 0 ? out : part.data();
      dot.mix_bf16(share.data(), group, start_of(v, row / (rows / v.size(0)), head), v.stride(2), v.size(2),
                   out_width, here, out_width);
      if (at > 0)
        for (size_t i = 0; i < part.size(); ++i) out[i] += part[i];
      at += k.size(2);
    }
  };
  kernels::parallel_tasks(rows * kv_heads, kernels::threads_for(rows * heads * keys * (width + out_width)),
                          one);
  return y.to(at::kBFloat16);
}

}  // namespace conclave
