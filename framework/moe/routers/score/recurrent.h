/// A router that remembers what it did in earlier layers (RMoE, arXiv 2408.06793).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// h_l = GRU(P x, h_{l-1}), logits = W h_l. The hidden state [U,H] travels in context.carry under
/// "router.hidden"; the first layer starts from zero.
struct RecurrentScore : Stage {
  Tensor project_HD;                ///< each layer's own
  Tensor in_weight, hidden_weight;  ///< [3H,H]: reset, update, new; a model may share them over layers
  Tensor in_bias, hidden_bias;      ///< [3H]
  Tensor weight;                    ///< [E,H]

  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_recurrent_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
