/// weight = sigmoid of the logit at the chosen experts (DeepSeek-V3, arXiv 2412.19437).
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// For the records, the probabilities are the sigmoids divided by their sum over the allowed experts.
struct SigmoidWeigh : Stage {
  void run(RouteState& state, const TokenContext& context) override;
};

}  // namespace conclave
