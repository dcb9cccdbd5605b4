/// Stages that take weights and change them, or need no scores at all.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// weight / (sum over the slots + epsilon).
struct Normalise : Stage {
  double epsilon = 1e-20;
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

/// weight · by.
struct Scale : Stage {
  double by = 1;
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

/// weight = 1 at every chosen expert: no gradient reaches the router this way (LLaVA-MoLE's sparse path).
struct One : Stage {
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

/// Keeps the weights that the select stage made (the sparse mixer), 0 where capacity has emptied a slot.
struct Given : Stage {
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

Ptr<Stage> make_normalise(ConfigObject& config, const RouterShape& shape);
Ptr<Stage> make_scale(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
