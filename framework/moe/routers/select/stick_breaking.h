/// Expert e takes a share sigmoid(logit_e) of what the experts before it left (Sethuraman's construction).
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// prob_e = b_e · Π_{j<e} (1 - b_j), b = sigmoid(logits), 0 for experts that are not allowed; the last
/// allowed expert takes the rest. Becomes both the choice and the probabilities that the weights read.
struct StickBreaking : Stage {
  void run(RouteState& state, const TokenContext& context) override;
};

}  // namespace conclave
