#include "framework/blocks/few_rows.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "framework/moe/few_tokens.h"
#include "framework/tensor/cpu/dot.h"
#include "framework/nn/norm_rows.h"

namespace conclave {
namespace {

bool is_plain(const Tensor& t) {
  return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

bool is_plain(const Linear& linear) {
  return !linear.adapter && is_plain(linear.weight) && (!linear.bias.defined() || is_plain(linear.bias));
}

// The parts of a layer that plain loops take.
struct LayerParts {
  const RmsNorm* first = nullptr;
  const Attention* attention = nullptr;
  const RmsNorm* second = nullptr;
  const GatedFfn* ffn = nullptr;  // or
  Layer* moe = nullptr;
};

bool take_parts(const TransformerBlock& block, LayerParts& parts) {
  parts.first = dynamic_cast<const RmsNorm*>(block.input_layernorm.get());
  parts.second = dynamic_cast<const RmsNorm*>(block.post_attention_layernorm.get());
  parts.attention = dynamic_cast<const Attention*>(block.self_attn.get());
  parts.ffn = dynamic_cast<const GatedFfn*>(block.ffn.get());
  parts.moe = block.moe.get();
  if (!parts.first || !parts.second || !parts.attention || !(parts.ffn || parts.moe)) return false;
  const Attention& a = *parts.attention;
  if (a.qk_norm != AttentionShape::QkNorm::none || a.clip > 0 || a.output_gate ||
      !is_plain(parts.first->weight) || !is_plain(parts.second->weight))
    return false;
  for (const Linear* linear : {&a.q_proj, &a.k_proj, &a.v_proj, &a.o_proj}) {
    if (!is_plain(*linear)) return false;
  }
  const GatedFfn* ffn = parts.ffn;
  return !ffn || (ffn->activation == Activation::silu && is_plain(ffn->gate_proj) && is_plain(ffn->up_proj) &&
                  is_plain(ffn->down_proj));
}

bool fits(const Transformer& stack, const Tensor& x_N1D, const PassInput& input,
          const TokenContext& context) {
  if (at::GradMode::is_enabled() || at::autocast::is_autocast_enabled(at::kCPU) || context.training() ||
      !context.past || x_N1D.dim() != 3 || x_N1D.size(1) != 1 || x_N1D.size(0) < 1 ||
      x_N1D.size(0) > kFewTokens || x_N1D.size(2) > kFewRowsWidth || !is_plain(x_N1D))
    return false;
  if (input.position.defined() || input.valid_NL.defined() || context.valid_T.defined() || !input.causal ||
      !input.after_layer.empty() || input.layer_outputs)
    return false;
  const DecodeState& past = *context.past;
  const int64_t window = input.window == 0 ? stack.window : input.window;
  if (past.rows() == 0 || past.rows() != x_N1D.size(0) || (window > 0 && past.length() >= window))
    return false;
  for (const auto& segment : past.segments) {
    if (segment.valid_RL.defined()) return false;
    for (const auto& [k, v] : segment.layers) {
      if (k.defined() && (k.scalar_type() != at::kFloat || k.stride(3) != 1)) return false;
    }
  }
  const Rotary& rotary = stack.rotary;
  return rotary.sections.empty() && !rotary.grid && !rotary.pairs && !rotary.far_frequency_C.defined() &&
         (!stack.norm || dynamic_cast<const RmsNorm*>(stack.norm.get()));
}

// cos and sin of each row's place, [N, dim/2].
struct Turn {
  int64_t half = 0;
  std::vector<float> cos, sin;

  Turn(const Rotary& rotary, const Tensor& seen_N) : half(rotary.dim / 2) {
    if (half == 0) return;
    const Tensor frequency_C =
        (rotary.frequency_C.defined() ? rotary.frequency_C : rotary.plain_frequencies()).to(at::kFloat);
    const float* frequency = frequency_C.const_data_ptr<float>();
    for (int64_t n = 0; n < seen_N.numel(); ++n) {
      const auto place = static_cast<float>(seen_N.const_data_ptr<int64_t>()[n]);
      for (int64_t i = 0; i < half; ++i) {
        cos.push_back(std::cos(place * frequency[i]) * static_cast<float>(rotary.magnitude));
        sin.push_back(std::sin(place * frequency[i]) * static_cast<float>(rotary.magnitude));
      }
    }
  }

  void apply(float* head, int64_t row) const {
    for (int64_t i = 0; i < half; ++i) {
      const auto at = static_cast<size_t>(row * half + i);
      const float a = head[i], b = head[half + i];
      head[i] = a * cos[at] - b * sin[at];
      head[half + i] = b * cos[at] + a * sin[at];
    }
  }
};

void project(const Linear& linear, const float* x, int64_t rows, float* out) {
  const int64_t in = linear.in_features(), outs = linear.out_features();
  const float* row_N[kFewTokens];
  for (int64_t n = 0; n < rows; ++n) row_N[n] = x + n * in;
  kernels::dot_kernels().product(row_N, rows, linear.weight.const_data_ptr<float>(), in, outs, in, out, outs);
  if (!linear.bias.defined()) return;
  const float* bias = linear.bias.const_data_ptr<float>();
  for (int64_t i = 0; i < rows * outs; ++i) out[i] += bias[i % outs];
}

void add(const float* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// One head's query over all pieces; `rows` query rows in all. `out` [C].
void attend_head(const float* q, int64_t row, int64_t rows, int64_t kv_head, std::span<const KeyValue> pieces,
                 int64_t width, std::vector<float>& score, float* out) {
  score.clear();
  for (const auto& [k, v] : pieces) {
    const int64_t keys = k.size(2), own = row / (rows / k.size(0)), begin = std::ssize(score);
    score.resize(static_cast<size_t>(begin + keys));
    kernels::dot_kernels().product(&q, 1,
                                   k.const_data_ptr<float>() + own * k.stride(0) + kv_head * k.stride(1),
                                   k.stride(2), keys, width, score.data() + begin, keys);
  }
  const float scale = 1 / std::sqrt(static_cast<float>(width)), most = *std::ranges::max_element(score);
  float sum = 0;
  for (float& s : score) sum += s = std::exp((s - most) * scale);
  std::fill_n(out, width, 0.0F);
  size_t at = 0;
  for (const auto& [k, v] : pieces) {
    const int64_t own = row / (rows / v.size(0));
    const float* value = v.const_data_ptr<float>() + own * v.stride(0) + kv_head * v.stride(1);
    for (int64_t i = 0; i < v.size(2); ++i, value += v.stride(2)) {
      const float weight = score[at++] / sum;
      for (int64_t c = 0; c < width; ++c) out[c] += weight * value[c];
    }
  }
}

// What attention adds to x, [N,D].
void attention_step(const Attention& a, const float* x, int64_t rows, const Turn& turn, DecodeState& past,
                    std::vector<float>& score, float* out) {
  const int64_t width = a.head_dim, q_width = a.heads * width;
  std::vector<float> q(static_cast<size_t>(rows * q_width)), y(q.size());
  Tensor k = at::empty({rows, a.kv_heads, 1, width}), v = at::empty_like(k);
  project(a.q_proj, x, rows, q.data());
  project(a.k_proj, x, rows, k.mutable_data_ptr<float>());
  project(a.v_proj, x, rows, v.mutable_data_ptr<float>());
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t h = 0; h < a.heads; ++h) turn.apply(q.data() + n * q_width + h * width, n);
    for (int64_t h = 0; h < a.kv_heads; ++h)
      turn.apply(k.mutable_data_ptr<float>() + (n * a.kv_heads + h) * width, n);
  }
  const auto pieces = past.append(a.layer, k, v);
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t h = 0; h < a.heads; ++h) {
      const int64_t at = n * q_width + h * width;
      attend_head(q.data() + at, n, rows, h / (a.heads / a.kv_heads), pieces, width, score, y.data() + at);
    }
  project(a.o_proj, y.data(), rows, out);
}

void ffn_step(const GatedFfn& ffn, const float* x, int64_t rows, float* out) {
  const auto count = static_cast<size_t>(rows * ffn.gate_proj.out_features());
  std::vector<float> h(count), up(count);
  project(ffn.gate_proj, x, rows, h.data());
  project(ffn.up_proj, x, rows, up.data());
  kernels::dot_kernels().swish(1, h.data(), std::ssize(h));
  for (size_t i = 0; i < count; ++i) h[i] *= up[i];
  project(ffn.down_proj, h.data(), rows, out);
}

}  // namespace

std::optional<Tensor> step_few_rows(const Transformer& stack, const Tensor& x_N1D, const PassInput& input,
                                    TokenContext context) {
  if (!fits(stack, x_N1D, input, context)) return std::nullopt;
  std::vector<LayerParts> layers(stack.layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!take_parts(*stack.layers[i], layers[i])) return std::nullopt;
  }
  const int64_t rows = x_N1D.size(0), width = x_N1D.size(2);
  DecodeState& past = *context.past;
  if (!context.sequence_T.defined()) context.sequence_T = at::arange(rows, at::kLong);
  if (!context.position_T.defined()) context.position_T = past.seen_N;
  const Turn turn(stack.rotary, past.seen_N);

  const Tensor x_TD = x_N1D.view({rows, width}).clone();
  auto* x = x_TD.mutable_data_ptr<float>();
  std::vector<float> normed(static_cast<size_t>(rows * width)), change(normed.size()), score;
  for (const auto& layer : layers) {
    run_rows(*layer.first, x, rows, normed.data());
    attention_step(*layer.attention, normed.data(), rows, turn, past, score, change.data());
    add(change.data(), rows * width, x);
    if (layer.moe) {
      const Tensor normed_TD = layer.second->forward(x_TD);
      const Tensor y_TD = layer.moe->forward(normed_TD, context).to(at::kFloat).contiguous();
      add(y_TD.const_data_ptr<float>(), rows * width, x);
    } else {
      run_rows(*layer.second, x, rows, normed.data());
      ffn_step(*layer.ffn, normed.data(), rows, change.data());
      add(change.data(), rows * width, x);
    }
  }
  past.advance(rows, 1, {}, at::kCPU);
  return (stack.norm ? stack.norm->forward(x_TD) : x_TD).view({rows, 1, width});
}

}  // namespace conclave
