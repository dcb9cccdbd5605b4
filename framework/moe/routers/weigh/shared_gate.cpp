#include "framework/moe/routers/weigh/shared_gate.h"

#include <ATen/ATen.h>

#include <limits>

#include "framework/base/error.h"

namespace conclave {

void SharedGateWeigh::run(RouteState& state, const TokenContext&) {
  Routing& routing = state.routing;
  require<Error>(state.shared_US.defined(), "[router] shared_gate: no shared expert shares this gate");
  require<Error>(routing.weight_TK.defined(),
                 "[router] shared_gate comes before any stage that makes weights");
  Tensor chosen_UK = state.at_slots(routing.logits_TE);
  if (!state.full)
    chosen_UK = chosen_UK.masked_fill(routing.expert_TK < 0, std::numeric_limits<float>::lowest());
  const Tensor gate = at::cat({chosen_UK, state.shared_US}, 1).softmax(1);
  const int64_t slots = routing.slots();
  routing.weight_TK = routing.weight_TK * gate.narrow(1, 0, slots).sum(1, true);
  routing.shared_TS = gate.narrow(1, slots, state.shared_US.size(1));
}

}  // namespace conclave
