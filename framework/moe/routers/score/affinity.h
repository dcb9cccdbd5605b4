/// Scores that the experts give themselves, from their own weights (Autonomy-of-Experts, arXiv 2501.13074).
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// logits = bank.affinity(x).
struct AffinityScore : Stage {
  void run(RouteState& state, const TokenContext& context) override;
};

}  // namespace conclave
