/// The k best experts of each token.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

struct Ranked {
  Tensor expert_UK;  ///< int32, by falling score, ties to the lower id; -1 once only -inf (or NaN) is left
  bool full;         ///< known to hold no -1
};

/// The k best columns of each row of choice_UE (float32).
Ranked rank_top_k(const Tensor& choice_UE, int64_t k);

struct TopK : Stage {
  int64_t k = 2;
  /// Equal scores go where the tensor library's unsorted top-k leaves them, as in code that relies on it.
  bool library_ties = false;
  explicit TopK(int64_t k) : k(k) {}
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

Ptr<Stage> make_top_k(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
