/// logits = W x + b, the router of most published models.
#pragma once

#include "framework/moe/router.h"

namespace conclave {

struct LinearScore : Stage {
  Tensor weight;  ///< [E,D], float32; experts, then nulls, then shared experts
  Tensor bias;    ///< [E], or undefined

  LinearScore() = default;
  LinearScore(int64_t width, int64_t outputs, bool with_bias);

  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
