#include "framework/moe/few_tokens.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/moe/routing_log.h"
#include "framework/nn/ffn.h"
#include "framework/tensor/cpu/dot.h"

namespace conclave {
namespace {

bool is_plain(const Tensor& t, at::ScalarType dtype) {
  return t.is_cpu() && t.scalar_type() == dtype && t.is_contiguous();
}

bool fits(const Router& router, const Tensor& x_TD, const TokenContext& context) {
  const bool keep = context.training() || (context.log && context.log->keep_logits);
  return !at::GradMode::is_enabled() && !keep && !router.unit && x_TD.size(0) >= 1 &&
         x_TD.size(0) <= kFewTokens && is_plain(x_TD, at::kFloat) &&
         (!context.valid_T.defined() ||
          (is_plain(context.valid_T, at::kBool) && context.valid_T.numel() == x_TD.size(0)));
}

// The last columns of the score belong to the shared experts.
void split_shared(FewTokens& few) {
  if (few.shared == 0) return;
  const int64_t columns = few.experts, pool = columns - few.shared;
  std::vector<float> own_TE;
  own_TE.reserve(static_cast<size_t>(few.tokens * pool));
  for (int64_t t = 0; t < few.tokens; ++t) {
    const float* row = few.logits_TE.data() + t * columns;
    own_TE.insert(own_TE.end(), row, row + pool);
    few.shared_logits_TS.insert(few.shared_logits_TS.end(), row + pool, row + columns);
  }
  few.logits_TE = std::move(own_TE);
  few.experts = pool;
}

bool run_all(const std::vector<Ptr<Stage>>& stages, FewTokens& few) {
  return std::ranges::all_of(stages, [&](const auto& stage) { return stage->run_few(few); });
}

void forget_invalid(FewTokens& few) {
  if (!few.context.valid_T.defined()) return;
  const bool* valid_T = few.context.valid_T.const_data_ptr<bool>();
  for (int64_t t = 0; t < few.tokens; ++t) {
    if (!valid_T[t])
      std::fill_n(few.choice_TE.data() + t * few.experts, few.experts,
                  -std::numeric_limits<float>::infinity());
  }
}

template <class T>
Tensor to_tensor(const std::vector<T>& values, int64_t rows, at::ScalarType dtype) {
  Tensor tensor = at::empty({rows, static_cast<int64_t>(values.size()) / rows}, dtype);
  std::ranges::copy(values, tensor.mutable_data_ptr<T>());
  return tensor;
}

}  // namespace

const int64_t* FewTokens::ids(const Tensor& id_T) const {
  return is_plain(id_T, at::kLong) && id_T.numel() == tokens ? id_T.const_data_ptr<int64_t>() : nullptr;
}

std::vector<int32_t> FewTokens::ranked(int64_t t) const {
  const float* choice_E = choice_TE.data() + t * experts;
  std::vector<int32_t> order;
  for (int64_t e = 0; e < experts; ++e) {
    if (choice_E[e] > -std::numeric_limits<float>::infinity()) order.push_back(static_cast<int32_t>(e));
  }
  std::ranges::stable_sort(order, [&](int32_t a, int32_t b) { return choice_E[a] > choice_E[b]; });
  return order;
}

int64_t FewTokens::count_for_mass(int64_t t, const std::vector<int32_t>& ranked, double p) const {
  const float* logits_E = logits_TE.data() + t * experts;
  float most = std::numeric_limits<float>::lowest(), all = 0, mass = 0;
  for (const int32_t e : ranked) most = std::max(most, logits_E[e]);
  for (const int32_t e : ranked) all += std::exp(logits_E[e] - most);
  int64_t count = 1;
  for (const int32_t e : ranked) {
    mass += std::exp(logits_E[e] - most) / all;
    if (mass < static_cast<float>(p)) ++count;
  }
  return count;
}

std::optional<Routing> route_few(const Router& router, const Tensor& x_TD, const TokenContext& context) {
  if (!fits(router, x_TD, context)) return std::nullopt;
  FewTokens few{context, x_TD.const_data_ptr<float>(), x_TD.size(0), x_TD.size(1)};
  if (!router.score->run_few(few)) return std::nullopt;
  few.shared = router.shared;
  split_shared(few);
  few.choice_TE = few.logits_TE;
  forget_invalid(few);
  if (!run_all(router.mask, few) || !run_all(router.select, few) || !run_all(router.weigh, few))
    return std::nullopt;
  Routing routing;
  routing.expert_TK = to_tensor(few.expert_TK, few.tokens, at::kInt);
  routing.weight_TK = to_tensor(few.weight_TK, few.tokens, at::kFloat);
  if (!few.shared_TS.empty()) routing.shared_TS = to_tensor(few.shared_TS, few.tokens, at::kFloat);
  return routing;
}

bool add_few(const Path& path, const Tensor& x_TD, const Tensor& gate_T, const Tensor& y_TD) {
  const auto* ffn = dynamic_cast<const GatedFfn*>(&path);
  const int64_t tokens = x_TD.size(0), width = x_TD.size(1);
  if (!ffn || ffn->reads_context() || ffn->activation != Activation::silu || at::GradMode::is_enabled() ||
      tokens > kFewTokens || !is_plain(x_TD, at::kFloat) || !is_plain(y_TD, at::kFloat) ||
      y_TD.sizes() != x_TD.sizes() || y_TD.is_alias_of(x_TD) ||
      (gate_T.defined() && (gate_T.scalar_type() != at::kFloat || !gate_T.is_cpu())))
    return false;
  for (const Linear* linear : {&ffn->gate_proj, &ffn->up_proj, &ffn->down_proj}) {
    if (linear->bias.defined() || !is_plain(linear->weight, at::kFloat)) return false;
  }
  if (ffn->gate_proj.in_features() != width) return false;
  const auto& dot = kernels::dot_kernels();
  const int64_t hidden = ffn->gate_proj.out_features();
  std::vector<float> h(static_cast<size_t>(hidden)), up(h.size()), out(static_cast<size_t>(width));
  for (int64_t t = 0; t < tokens; ++t) {
    const float* x = x_TD.const_data_ptr<float>() + t * width;
    dot.product(&x, 1, ffn->gate_proj.weight.const_data_ptr<float>(), width, hidden, width, h.data(), hidden);
    dot.product(&x, 1, ffn->up_proj.weight.const_data_ptr<float>(), width, hidden, width, up.data(), hidden);
    dot.swish(1, h.data(), hidden);
    for (size_t i = 0; i < h.size(); ++i) h[i] *= up[i];
    const float* h_row = h.data();
    dot.product(&h_row, 1, ffn->down_proj.weight.const_data_ptr<float>(), hidden, width, hidden, out.data(),
                width);
    const float gate = gate_T.defined() ? gate_T.const_data_ptr<float>()[t * gate_T.stride(0)] : 1;
    float* y = y_TD.mutable_data_ptr<float>() + t * width;
    for (int64_t d = 0; d < width; ++d) y[d] += gate * out[static_cast<size_t>(d)];
  }
  return true;
}

}  // namespace conclave
