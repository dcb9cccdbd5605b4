#include "framework/moe/routers/score/noisy.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/make.h"
#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void NoisyScore::run(RouteState& state, const TokenContext& context) {
  Tensor& logits_UE = state.routing.logits_TE;
  logits_UE = linear_float(state.x_UD, weight);
  if (!context.training()) return;
  const Tensor spread_UE = at::softplus(linear_float(state.x_UD, noise));
  logits_UE = logits_UE + at::randn_like(spread_UE) * spread_UE;
}

void NoisyScore::visit(Visitor& v) {
  v("weight", weight);
  v("noise", noise);
}

void JitterScore::run(RouteState& state, const TokenContext& context) {
  if (!context.training()) return score->run(state, context);
  const Tensor x_UD = state.x_UD;
  state.x_UD = x_UD * at::empty_like(x_UD).uniform_(1 - epsilon, 1 + epsilon);
  score->run(state, context);
  state.x_UD = x_UD;
}

Ptr<Stage> make_noisy_score(ConfigObject&, const RouterShape& shape) {
  auto stage = std::make_shared<NoisyScore>();
  stage->weight = at::zeros({score_width(shape), shape.width});
  stage->noise = at::zeros({score_width(shape), shape.width});
  return stage;
}

Ptr<Stage> make_jitter_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<JitterScore>();
  stage->epsilon = number_of(config, "epsilon", stage->epsilon, 0, 1);
  stage->score =
      make_score(config.has("score") ? config.part("score") : "linear", config.name("score"), shape);
  return stage;
}

}  // namespace conclave
