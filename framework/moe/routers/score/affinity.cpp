#include "framework/moe/routers/score/affinity.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/moe/experts.h"

namespace conclave {

void AffinityScore::run(RouteState& state, const TokenContext&) {
  require<Error>(state.bank, "[router] affinity: no bank of experts was given");
  state.routing.logits_TE = state.bank->affinity(state.x_UD).to(at::kFloat);
}

}  // namespace conclave
