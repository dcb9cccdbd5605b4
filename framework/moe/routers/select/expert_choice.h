/// Experts choose tokens (arXiv 2202.09368).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Each expert takes its ceil(factor · U / E) valid units of highest probability, ties to the earlier unit. K
/// is the largest number of experts that chose one unit. An Error while decoding: the choice would depend on
/// tokens that are not there yet.
struct ExpertChoice : Stage {
  double factor = 1;
  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_expert_choice(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
