/// Noise in the logits while training.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// logits = W x + n · softplus(V x), n standard normal, while training; else W x (noisy top-k gating, arXiv
/// 1701.06538).
struct NoisyScore : Stage {
  Tensor weight;  ///< [E,D], starts at zero as in the paper
  Tensor noise;   ///< [E,D], V, starts at zero as in the paper
  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// Multiplies the input of another score by uniform noise in [1 - epsilon, 1 + epsilon] while training
/// (Switch Transformer, arXiv 2101.03961).
struct JitterScore : Stage {
  Ptr<Stage> score;
  double epsilon = 0.01;
  void run(RouteState& state, const TokenContext& context) override;
  void after_step(const StepWindow& window) override { score->after_step(window); }
  void visit(Visitor& v) override { score->visit(v); }
};

Ptr<Stage> make_noisy_score(ConfigObject& config, const RouterShape& shape);
Ptr<Stage> make_jitter_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
