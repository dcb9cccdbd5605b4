/// Softmax weights: over all allowed experts before the selection, or over the selected ones.
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// weight = softmax over the allowed experts, taken at the chosen ones: they sum to at most 1.
struct SoftmaxWeigh : Stage {
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

/// weight = softmax over the chosen experts alone (the same as SoftmaxWeigh, then normalised).
struct SoftmaxSelected : Stage {
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

}  // namespace conclave
