/// Squared coefficients of variation over experts (Shazeer et al., arXiv 1701.06538, section 4 and appendix
/// A).
#pragma once

#include "framework/moe/losses/routed_tokens.h"

namespace conclave {

/// CV² of the experts' importance, the sum of their routing weights.
struct ImportanceVariation : RecordLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "importance_cv"; }
};

/// CV² of the experts' load. With `noise_std` above 0 the load is smooth: the chance that fresh noise of that
/// deviation leaves the expert among the chosen. Otherwise it is the count, which has no gradient: a report.
struct LoadVariation : RecordLoss {
  double noise_std = 0;
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "load_cv"; }
};

}  // namespace conclave
