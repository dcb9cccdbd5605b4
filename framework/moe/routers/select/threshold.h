/// Every expert whose score is above a threshold.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Chosen: score > threshold, at least `at_least` and at most `at_most` experts of highest choice. The score
/// is the softmax over the allowed experts, or the sigmoid of the logit (DynMoE, arXiv 2405.14297).
struct Threshold : Stage {
  double threshold = 0;
  bool sigmoid = false;
  int64_t at_least = 1;
  int64_t at_most = 0;
  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_threshold(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
