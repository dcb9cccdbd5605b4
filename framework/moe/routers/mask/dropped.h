/// Experts out of reach: a fixed list, and a random part of them while training.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// `experts` are never chosen. While training each other expert is out of a whole pass with probability
/// `rate` (expert dropout), but never all of them. Null experts are not dropped.
struct DroppedExperts : Stage {
  std::vector<int64_t> experts;
  double rate = 0;
  RouterShape shape;
  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_dropped(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
