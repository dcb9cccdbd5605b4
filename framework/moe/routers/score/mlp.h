/// logits = W2 act(W1 x + b1) + b2.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"
#include "framework/nn/activation.h"

namespace conclave {

struct MlpScore : Stage {
  Tensor w1_HD, b1_H, w2_EH, b2_E;
  Activation activation = Activation::relu;

  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_mlp_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
