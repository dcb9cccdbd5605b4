/// Experts by vocabulary id, without any learning (hash layers, arXiv 2106.04426).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// The choice is a random number of (seed, token id, expert), so the k best are k experts drawn without
/// replacement, always the same for one id. The logits are zero: softmax weights are equal.
struct HashScore : Stage {
  RouterShape shape;
  uint64_t seed = 0;
  void run(RouteState& state, const TokenContext& context) override;
};

/// Uniform in [0,1), the same on every machine.
float hash_score(uint64_t seed, int64_t token, int64_t expert);

Ptr<Stage> make_hash_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
