/// As many experts as the mass p needs (dynamic routing, arXiv 2403.07652; Uni-MoE-2).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// k = 1 + #{cumulative probability < p}, at most `at_most`. Null experts in the pool let a token take fewer
/// real ones.
struct TopP : Stage {
  double p = 0.7;
  int64_t at_most = 0;
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

Ptr<Stage> make_top_p(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
