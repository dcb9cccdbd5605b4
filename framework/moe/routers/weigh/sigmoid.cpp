#include "framework/moe/routers/weigh/sigmoid.h"

#include <ATen/ATen.h>

namespace conclave {

void SigmoidWeigh::run(RouteState& state, const TokenContext&) {
  Routing& routing = state.routing;
  if (!state.keep) {
    routing.weight_TK = state.at_slots(routing.logits_TE).sigmoid();
    if (!state.full) routing.weight_TK = routing.weight_TK.masked_fill(routing.expert_TK < 0, 0);
    return;
  }
  Tensor score_UE = routing.logits_TE.sigmoid();
  routing.weight_TK = state.at_slots(score_UE);
  if (routing.allowed_TE.defined()) score_UE = score_UE.masked_fill(routing.allowed_TE.logical_not(), 0);
  routing.prob_TE = score_UE / score_UE.sum(1, true).clamp_min(1e-20);
}

}  // namespace conclave
