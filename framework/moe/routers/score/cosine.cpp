#include "framework/moe/routers/score/cosine.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

Tensor unit_length(const Tensor& x) {
  return x / x.norm(2, {1}, true).clamp_min(1e-6);
}

}  // namespace

void CosineScore::run(RouteState& state, const TokenContext&) {
  const Tensor x_UP = project_PD.defined() ? linear_float(state.x_UD, project_PD) : state.x_UD;
  const Tensor cosine_UE = at::linear(unit_length(x_UP), unit_length(embed_EP.to(at::kFloat)));
  state.routing.logits_TE = cosine_UE / log_temperature.to(at::kFloat).exp().clamp_min(0.01);
}

void CosineScore::visit(Visitor& v) {
  v("project", project_PD);
  v("embed", embed_EP);
  v("log_temperature", log_temperature);
}

Ptr<Stage> make_cosine_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<CosineScore>();
  const int64_t dim = config.get_integer("dim", 0);
  if (dim > 0) stage->project_PD = fresh_weight(dim, shape.width);
  stage->embed_EP = fresh_weight(score_width(shape), dim > 0 ? dim : shape.width);
  const double temperature = number_of(config, "temperature", 0.07, 0.01, 100);
  stage->log_temperature = at::full({1}, std::log(temperature));
  return stage;
}

}  // namespace conclave
