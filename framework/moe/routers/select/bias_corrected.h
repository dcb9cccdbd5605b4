/// Balance without a loss: a bias on the choice, which follows the load (arXiv 2408.15664; DeepSeek-V3).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// choice += bias; the weights do not see it. After each step bias += rate · sign(mean load - load): the
/// expert with too many tokens becomes less likely.
struct BiasCorrected : Stage {
  Tensor bias_E;  ///< float32, a buffer; null experts last
  double rate = 1e-3;

  explicit BiasCorrected(int64_t experts);
  void run(RouteState& state, const TokenContext& context) override;
  void after_step(const StepWindow& window) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_bias_corrected(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
