/// Product experts that cut a feed-forward network between its two layers (Monet's horizontal decomposition,
/// arXiv 2412.04139): expert (i, j) is x -> w2[j] act(w1[i] x + b1[i]) + b2[j].
#pragma once

#include "framework/moe/experts/ffn.h"

namespace conclave {

/// Needs a routing of two factors. No pair is ever formed: with weights g and h of the factors,
/// Σ_ij g_i h_j (w2[j] a_i + b2[j]) = Σ_j h_j (w2[j] Σ_i g_i a_i + b2[j] Σ_i g_i).
struct ProductFfnExperts : Experts {
  Tensor w1_EFD, b1_EF;  ///< N1 first layers
  Tensor w2_EDF, b2_ED;  ///< N2 second ones
  Activation activation = Activation::gelu;

  ProductFfnExperts() = default;
  /// Random weights of standard deviation 1 / sqrt(inputs); biases zero.
  ProductFfnExperts(int64_t width, int64_t first, int64_t second, const FfnOptions& options);

  int64_t count() const override { return w1_EFD.size(0) * w2_EDF.size(0); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
