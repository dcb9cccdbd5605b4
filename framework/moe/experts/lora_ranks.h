/// The ranks of one LoRA as experts (SMoRA, arXiv 2501.15103): Σ_k w_k b[r_k] (a[r_k] · x). The bank combines
/// by itself: chosen ranks are weighted in a [T,R] tensor between two dense products, which for R up to some
/// hundreds costs less than gathering rows.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/experts/low_rank.h"

namespace conclave {

struct LoraRankExperts : Experts {
  Tensor a_EI;  ///< one row a rank
  Tensor b_EO;  ///< zero at the start
  double scale = 1;

  LoraRankExperts() = default;
  /// `ranks` experts; options.rank is the number that alpha is divided by, usually the ranks chosen at once.
  LoraRankExperts(int64_t ranks, int64_t in, int64_t out, const LoraOptions& options);

  int64_t count() const override { return a_EI.size(0); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
