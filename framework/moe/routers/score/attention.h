/// Experts' scores that attend to each other (Yuan 2.0-M32, arXiv 2405.17976).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// q, k, v = Wq x, Wk x, Wv x, one number for each expert; logits = softmax(q k^T) v.
struct AttentionScore : Stage {
  Tensor weight;  ///< [3E,D]: q, k, v
  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_attention_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
