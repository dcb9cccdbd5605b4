#include "framework/moe/routers/select/top_p.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/select/slots.h"
#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void TopP::run(RouteState& state, const TokenContext&) {
  const Tensor count_U = count_for_mass(state, p).clamp_max(at_most);
  const int64_t slots = count_U.numel() == 0 ? 1 : count_U.max().item<int64_t>();
  const Tensor expert_UK = rank_top_k(state.choice_UE, slots).expert_UK;
  const Tensor slot_K = at::arange(slots, count_U.options());
  state.routing.expert_TK = expert_UK.masked_fill(slot_K.unsqueeze(0) >= count_U.unsqueeze(1), -1);
}

Ptr<Stage> make_top_p(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<TopP>();
  stage->p = number_of(config, "p", std::nullopt, 0, 1);
  const int64_t pool = shape.experts + shape.nulls;
  stage->at_most = integer_of(config, "at_most", pool, 1, pool);
  return stage;
}

}  // namespace conclave
