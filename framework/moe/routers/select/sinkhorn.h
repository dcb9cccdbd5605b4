/// Balanced assignment while training, by Sinkhorn's iteration (S-BASE, arXiv 2202.01169).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// choice = log of the transport plan between units and experts, both with equal shares. It looks at the
/// whole batch, so outside training the choice is by the logits.
struct Sinkhorn : Stage {
  int64_t iterations = 8;
  void run(RouteState& state, const TokenContext& context) override;
};

/// Log of the plan: rows of log_UE are normalised, then columns, `iterations` times, and rows once more.
/// Entries of -inf stay out.
Tensor sinkhorn_log_plan(const Tensor& log_UE, int64_t iterations);

Ptr<Stage> make_sinkhorn(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
