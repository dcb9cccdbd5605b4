/// What the slots are chosen by, when it is not the logits.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// choice = softmax over the allowed experts, or sigmoid of the logits (DeepSeek-V3). The order within a
/// token stays; it matters before a bias, a sum over groups or a threshold.
struct ChooseBy : Stage {
  enum class Score { softmax, sigmoid };
  Score score = Score::sigmoid;
  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_choose_by(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
