#include "framework/moe/routers/score/linear.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/random.h"
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
}

void LinearScore::visit(Visitor& v) {
  const auto kind = frozen ? TensorKind::buffer : TensorKind::parameter;
  v("weight", weight, kind);
  v("bias", bias, kind);
}

Ptr<Stage> make_linear_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<LinearScore>();
  stage->weight = fresh_weight(score_width(shape), shape.width);
  if (config.get("bias", false)) stage->bias = at::zeros({score_width(shape)});
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
