#include "framework/moe/routers/select/threshold.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void Threshold::run(RouteState& state, const TokenContext&) {
  const Tensor score_UE = sigmoid ? state.routing.logits_TE.sigmoid() : state.probabilities();
  const at::NoGradGuard no_grad;
  const Tensor expert_UK = rank_top_k(state.choice_UE, at_most).expert_UK;
  const Tensor slot_K = at::arange(at_most, expert_UK.options());
  const Tensor above_UK = score_UE.detach().gather(1, expert_UK.clamp_min(0)) > threshold;
  const Tensor forced_UK = state.choice_UE.gather(1, expert_UK.clamp_min(0)).isposinf();
  const Tensor taken_UK = above_UK | forced_UK | (slot_K < at_least).unsqueeze(0);
  state.routing.expert_TK = expert_UK.masked_fill(taken_UK.logical_not(), -1);
}

Ptr<Stage> make_threshold(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<Threshold>();
  stage->threshold = number_of(config, "threshold", std::nullopt, 0, 1);
  stage->sigmoid = config.one_of("score", {"softmax", "sigmoid"}) == "sigmoid";
  const int64_t pool = shape.experts + shape.nulls;
  stage->at_most = integer_of(config, "at_most", pool, 1, pool);
  stage->at_least = integer_of(config, "at_least", 1, 0, stage->at_most);
  return stage;
}

}  // namespace conclave
