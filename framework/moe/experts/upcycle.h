/// A dense FFN becomes a bank of experts (sparse upcycling, arXiv 2212.05055).
#pragma once

#include "framework/moe/experts/ffn.h"
#include "framework/nn/ffn.h"

namespace conclave {

struct UpcycleOptions {
  int64_t experts = 8;
  /// Finer experts: expert i holds part i mod split of the hidden units (arXiv 2410.07524), so `split`
  /// experts together are the dense FFN. Must divide both experts and the hidden size.
  int64_t split = 1;
  /// Multiplies the down projection; 0 means `split`: with weights that sum to one over a whole set of parts
  /// the bank gives what the dense FFN gave.
  double scale = 0;
  double noise = 0;  ///< standard deviation of added noise, in units of each weight's own
  double reinit =
      0;  ///< fraction of each expert's hidden units drawn anew (Drop-Upcycling, arXiv 2502.19261)
  uint64_t seed = 0;
};

/// The dense weights are copied. Throws UsageError for options out of range.
Ptr<FfnExperts> upcycle(const GatedFfn& dense, const UpcycleOptions& options);
Ptr<FfnExperts> upcycle(const PlainFfn& dense, const UpcycleOptions& options);

}  // namespace conclave
