#include "framework/moe/routers/score/linear.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/random.h"
#include "framework/moe/few_tokens.h"
#include "framework/tensor/cpu/dot.h"
#include "framework/moe/routers/stage_config.h"
#include "framework/tensor/fresh.h"

namespace conclave {

Tensor linear_float(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return at::linear(x, weight.to(at::kFloat), bias.defined() ? bias.to(at::kFloat) : bias);
}

Tensor fresh_weight(int64_t outputs, int64_t inputs, double std) {
  return fresh_normal({outputs, inputs}, std);
}

void LinearScore::run(RouteState& state, const TokenContext&) {
  state.routing.logits_TE = linear_float(state.x_UD, weight, bias);
  if (first > 0 || after > 0)
    state.routing.logits_TE = at::constant_pad_nd(state.routing.logits_TE, {first, after});
}

bool LinearScore::run_few(FewTokens& few) {
  for (const Tensor* t : {&weight, &bias}) {
    if (t->defined() && !(t->is_cpu() && t->scalar_type() == at::kFloat && t->is_contiguous())) return false;
  }
  if (weight.size(1) != few.width || first > 0 || after > 0) return false;
  few.experts = weight.size(0);
  few.logits_TE.resize(static_cast<size_t>(few.tokens * few.experts));
  const float* row_T[kFewTokens];
  for (int64_t t = 0; t < few.tokens; ++t) row_T[t] = few.x_TD + t * few.width;
  float* logits_TE = few.logits_TE.data();
  kernels::dot_kernels().product(row_T, few.tokens, weight.const_data_ptr<float>(), few.width, few.experts,
                                 few.width, logits_TE, few.experts);
  if (!bias.defined()) return true;
  const float* bias_E = bias.const_data_ptr<float>();
  for (int64_t i = 0; i < few.tokens * few.experts; ++i) logits_TE[i] += bias_E[i % few.experts];
  return true;
}

void LinearScore::visit(Visitor& v) {
  const auto kind = frozen ? TensorKind::buffer : TensorKind::parameter;
  v("weight", weight, kind);
  v("bias", bias, kind);
}

Ptr<Stage> make_linear_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<LinearScore>();
  const int64_t columns = score_width(shape);
  stage->first = integer_of(config, "first", 0, 0, columns - 1);
  const int64_t count = integer_of(config, "count", columns - stage->first, 1, columns - stage->first);
  stage->after = columns - stage->first - count;
  stage->weight = fresh_weight(count, shape.width);
  if (config.get("bias", false)) stage->bias = at::zeros({count});
  return stage;
}

Ptr<Stage> make_random_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<LinearScore>();
  stage->frozen = true;
  Random random(static_cast<uint64_t>(config.get_integer("seed", 0)), "router.score");
  stage->weight = at::empty({score_width(shape), shape.width});
  const double std = 1 / std::sqrt(static_cast<double>(shape.width));
  float* values = stage->weight.mutable_data_ptr<float>();
  for (int64_t i = 0; i < stage->weight.numel(); ++i) values[i] = static_cast<float>(random.normal() * std);
  return stage;
}

}  // namespace conclave
