/// Nearness to a prototype of each expert.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// logits = -|x - c_e|² / temperature. The prototypes are trained by gradient, or follow their units by
/// online K-means: after each training step c_e moves by (1 - decay) to the mean of the valid units nearest
/// to it.
struct PrototypeScore : Stage {
  Tensor center_ED;
  double temperature = 1;
  bool kmeans = false;
  double decay = 0.99;

  void run(RouteState& state, const TokenContext& context) override;
  void after_step(const StepWindow& window) override;
  void visit(Visitor& v) override;

 private:
  Tensor sum_ED_, count_E_;  // of the units since the last step
};

Ptr<Stage> make_prototype_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
