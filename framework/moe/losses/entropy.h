/// Losses that shape the router's distribution itself.
#pragma once

#include "framework/moe/losses/routed_tokens.h"

namespace conclave {

/// Mean of logsumexp(logits)² over the allowed experts: keeps logits small (ST-MoE, arXiv 2202.08906, eq. 5).
struct ZLoss : RecordLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "z_loss"; }
};

/// Mean entropy of each token's distribution, in nats: less of it, surer routing.
struct TokenEntropy : RecordLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "token_entropy"; }
};

/// log E minus the entropy of the mean distribution: 0 when all experts are used alike.
struct MeanEntropy : RecordLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "mean_entropy"; }
};

/// Minus the mutual information of expert and group, in nats: experts that specialise (Mod-Squad, arXiv
/// 2212.08066, eq. 5 and 6). Tokens of unknown group are left out.
struct MutualInformation : RecordLoss {
  enum class With { task, modality } with = With::task;
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "mutual_information"; }
};

}  // namespace conclave
