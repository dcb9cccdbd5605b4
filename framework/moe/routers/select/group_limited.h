/// Experts in equal groups (devices); each token reaches only its best groups (DeepSeek-V2, arXiv
/// 2405.04434).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Changes the choice alone: a softmax over all experts stays as it is. Null experts belong to no group and
/// stay within reach.
struct GroupLimited : Stage {
  /// A group's score: its best expert (V2), or the sum of its two best (V3).
  enum class Score { max, top2_sum };
  int64_t experts = 0;
  int64_t groups = 1;
  int64_t keep = 1;
  Score score = Score::max;
  /// Experts out of reach score 0 instead of never (DeepSeek's own V3 code): one may then win over a negative
  /// score.
  bool zero_outside = false;

  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_group_limited(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
