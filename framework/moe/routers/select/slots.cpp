#include "framework/moe/routers/select/slots.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "framework/moe/routers/select/top_k.h"

namespace conclave {

void fill_slots(RouteState& state, const Tensor& chosen_UE) {
  const at::NoGradGuard no_grad;
  const Tensor taken_UE = chosen_UE & state.choice_UE.isneginf().logical_not();
  const int64_t slots =
      taken_UE.size(0) == 0 ? 1 : std::max<int64_t>(1, taken_UE.sum(1).max().item<int64_t>());
  const Tensor choice_UE =
      state.choice_UE.masked_fill(taken_UE.logical_not(), -std::numeric_limits<float>::infinity());
  auto [expert_UK, full] = rank_top_k(choice_UE, slots);
  state.routing.expert_TK = expert_UK;
  state.full = full;
}

Tensor count_for_mass(RouteState& state, double p) {
  const Tensor prob_UE = state.probabilities().detach();
  const Tensor order_UE = rank_top_k(state.choice_UE, state.choice_UE.size(1)).expert_UK;
  const Tensor mass_UE = prob_UE.gather(1, order_UE.clamp_min(0)).cumsum(1);
  return (mass_UE < p).logical_and(order_UE >= 0).sum(1) + 1;
}

}  // namespace conclave
