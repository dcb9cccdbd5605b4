/// logits = W x + b, the router of most published models.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Columns of a score: experts, then null experts, then shared experts that share the gate.
inline int64_t score_width(const RouterShape& shape) {
  return shape.experts + shape.nulls + shape.shared;
}

/// x W^T + b in float32, whatever type the weights were loaded in.
Tensor linear_float(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// [outputs, inputs] from a normal of standard deviation `std`.
Tensor fresh_weight(int64_t outputs, int64_t inputs, double std = 0.02);

struct LinearScore : Stage {
  Tensor weight;        ///< [E,D], or the rows of some experts
  int64_t first = 0;    ///< the expert of the first row
  int64_t after = 0;    ///< experts behind the last row; those without a row score 0, for a mask to leave out
  Tensor bias;          ///< [E], or undefined
  bool frozen = false;  ///< never trained: a random projection (SMoE-Dropout, arXiv 2303.01610)

  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_linear_score(ConfigObject& config, const RouterShape& shape);
/// A frozen one; its weights come from `seed` alone.
Ptr<Stage> make_random_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
