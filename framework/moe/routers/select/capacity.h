/// A limit on the tokens of one expert; slots beyond it are lost.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Stands after the stage that selects, before the weights are made. Capacity of an expert in slots:
/// ceil(factor · U · K / E), at least `minimum`, with U units (padding counted: the size is known without
/// looking), K slots (1 when not `per_slot`) and E experts with nulls. A factor of 0 drops nothing. GShard
/// (arXiv 2006.16668).
struct Capacity : Stage {
  /// Who stays: in order of position, all first choices before all second ones (GShard); or by falling
  /// probability (batch-prioritised, V-MoE, arXiv 2106.05974) or logit, ties to the earlier unit.
  enum class Order { position, probability, logit };

  double factor = 0;       ///< while training
  double eval_factor = 0;  ///< otherwise
  int64_t minimum = 0;
  Order order = Order::probability;
  bool per_slot = true;

  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_capacity(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
