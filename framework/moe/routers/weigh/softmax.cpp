#include "framework/moe/routers/weigh/softmax.h"

#include <ATen/ATen.h>

#include <limits>

namespace conclave {

void SoftmaxWeigh::run(RouteState& state, const TokenContext&) {
  state.routing.weight_TK = state.at_slots(state.probabilities());
}

void SoftmaxSelected::run(RouteState& state, const TokenContext&) {
  Routing& routing = state.routing;
  const Tensor logits_UK = state.at_slots(routing.logits_TE);
  if (state.full) {
    routing.weight_TK = logits_UK.softmax(1);
    return;
  }
  // The lowest float instead of -inf: a row without any expert gives no NaN.
  const Tensor empty_UK = routing.expert_TK < 0;
  routing.weight_TK = logits_UK.masked_fill(empty_UK, std::numeric_limits<float>::lowest())
                          .softmax(1)
                          .masked_fill(empty_UK, 0);
}

}  // namespace conclave
