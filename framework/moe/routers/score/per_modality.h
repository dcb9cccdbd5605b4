/// A router of its own for each modality (MoIIE).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Each unit takes the logits of its modality's score. Modalities without one, unknown ones and a pass that
/// names none take the first.
struct PerModalityScore : Stage {
  std::vector<int64_t> modality;
  std::vector<Ptr<Stage>> score;

  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
  void after_step(const StepWindow& window) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_per_modality_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
