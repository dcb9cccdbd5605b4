/// One softmax for the chosen and the shared experts (Uni-MoE-2, UniMoE-Audio).
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// g = softmax over the logits of the chosen experts (nulls too) and of all shared experts. The shared
/// experts take their g as shared_TS; the weights made so far are multiplied by the chosen experts' part of
/// g.
struct SharedGateWeigh : Stage {
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

}  // namespace conclave
