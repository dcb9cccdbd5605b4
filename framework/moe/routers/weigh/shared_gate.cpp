#include "framework/moe/routers/weigh/shared_gate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "framework/base/error.h"
#include "framework/moe/few_tokens.h"

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

bool SharedGateWeigh::run_few(FewTokens& few) {
  if (few.shared == 0 || few.weight_TK.empty()) return false;
  few.shared_TS.resize(few.shared_logits_TS.size());
  for (int64_t t = 0; t < few.tokens; ++t) {
    const float* logits_E = few.logits_TE.data() + t * few.experts;
    const std::span chosen_K(few.expert_TK.data() + t * few.slots, static_cast<size_t>(few.slots));
    const std::span logits_S(few.shared_logits_TS.data() + t * few.shared, static_cast<size_t>(few.shared));
    float most = *std::ranges::max_element(logits_S), chosen = 0, shared = 0;
    for (const int32_t e : chosen_K) most = e >= 0 ? std::max(most, logits_E[e]) : most;
    for (const int32_t e : chosen_K) chosen += e >= 0 ? std::exp(logits_E[e] - most) : 0;
    for (const float logit : logits_S) shared += std::exp(logit - most);
    for (int64_t k = 0; k < few.slots; ++k) few.weight_TK[t * few.slots + k] *= chosen / (chosen + shared);
    for (int64_t s = 0; s < few.shared; ++s)
      few.shared_TS[t * few.shared + s] = std::exp(logits_S[s] - most) / (chosen + shared);
  }
  return true;
}

}  // namespace conclave
