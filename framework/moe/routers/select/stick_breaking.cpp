#include "framework/moe/routers/select/stick_breaking.h"

#include <ATen/ATen.h>

namespace conclave {

void StickBreaking::run(RouteState& state, const TokenContext&) {
  Routing& routing = state.routing;
  Tensor share_UE = routing.logits_TE.sigmoid();
  if (routing.allowed_TE.defined()) {
    const Tensor& allowed_UE = routing.allowed_TE;
    const Tensor after_UE = allowed_UE.to(at::kLong).flip(1).cumsum(1).flip(1);
    const Tensor last_UE = allowed_UE & (after_UE == 1);
    share_UE = share_UE.masked_fill(allowed_UE.logical_not(), 0).masked_fill(last_UE, 1);
  } else {
    const int64_t before = share_UE.size(1) - 1;
    share_UE = at::cat({share_UE.narrow(1, 0, before), at::ones_like(share_UE.narrow(1, before, 1))}, 1);
  }
  const Tensor left_UE = (1 - share_UE).cumprod(1);
  const int64_t before = left_UE.size(1) - 1;
  const Tensor whole_U1 = at::ones_like(left_UE.narrow(1, 0, 1));
  routing.prob_TE = share_UE * at::cat({whole_U1, left_UE.narrow(1, 0, before)}, 1);
  state.choose_by(routing.prob_TE.detach());
}

}  // namespace conclave
