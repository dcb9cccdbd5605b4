/// Balance within groups of experts, each group drawn to its own tasks (LoRAMoE, arXiv 2312.09979, eq. 8 to
/// 10).
#pragma once

#include "framework/moe/losses/routed_tokens.h"

namespace conclave {

/// Z_{e,s} is the probability mass of expert e over the tokens of sequence s, times 1+delta where the
/// expert's group is the token's task and 1-delta where it is not; the loss is variance(Z) / mean(Z).
struct LocalizedBalance : RecordLoss {
  std::vector<std::vector<int64_t>> groups;  ///< experts of each task
  double delta = 0.1;
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "localized_balance"; }
};

}  // namespace conclave
