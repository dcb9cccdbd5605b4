#include "framework/moe/routers/select/gumbel.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {

Tensor gumbel_noise(const Tensor& like) {
  return at::empty_like(like).exponential_().log_().neg_();
}

void Gumbel::run(RouteState& state, const TokenContext& context) {
  if (!context.training()) return;
  const Tensor choice_UE = state.choice_UE.detach();
  state.choice_UE = choice_UE.add(gumbel_noise(choice_UE), temperature);
}

Ptr<Stage> make_gumbel(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<Gumbel>();
  stage->temperature = number_of(config, "temperature", 1, 0, 1e6);
  return stage;
}

}  // namespace conclave
