#include "framework/moe/routers/mask/dropped.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {

void DroppedExperts::run(RouteState& state, const TokenContext& context) {
  const bool random = rate > 0 && context.training();
  if (experts.empty() && !random) return;
  Tensor left_E = at::ones({shape.experts + shape.nulls}, at::kBool);
  for (const int64_t e : experts) left_E[e].fill_(false);
  if (random) {
    Tensor drawn_E = left_E.clone();
    drawn_E.narrow(0, 0, shape.experts).logical_and_(at::rand({shape.experts}) >= rate);
    if (drawn_E.narrow(0, 0, shape.experts).any().item<bool>()) left_E = drawn_E;
  }
  state.allow(left_E.to(state.x_UD.device()).unsqueeze(0));
}

Ptr<Stage> make_dropped(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<DroppedExperts>();
  stage->shape = shape;
  stage->experts = integers_of(config, "experts", 0, shape.experts - 1);
  stage->rate = number_of(config, "rate", 0, 0, 1);
  return stage;
}

}  // namespace conclave
