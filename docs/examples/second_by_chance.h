#pragma once

#include <ATen/ATen.h>

#include "framework/moe/router.h"
#include "framework/moe/routers/select/top_k.h"

namespace conclave {

/// Takes the best expert always and the second one by chance while training, with probability twice its
/// share of the two probabilities (GShard, arXiv 2006.16668).
struct SecondByChance : Stage {
  void run(RouteState& state, const TokenContext& context) override {
    Tensor expert_UK = rank_top_k(state.choice_UE, 2).expert_UK;
    state.routing.expert_TK = expert_UK;
    if (!context.training()) return;
    const Tensor prob_UK = state.at_slots(state.probabilities().detach());
    const Tensor share_U = prob_UK.select(1, 1) / prob_UK.sum(1).clamp_min(1e-20);
    const Tensor skip_U = at::rand_like(share_U) >= 2 * share_U;
    expert_UK.select(1, 1).masked_fill_(skip_U, -1);
  }
};

}  // namespace conclave
