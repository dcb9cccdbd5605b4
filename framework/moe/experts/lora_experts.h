/// LoRA pairs as experts: Σ_k w_k s B[e_k] A[e_k] x, a delta beside a dense projection.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/experts/low_rank.h"

namespace conclave {

struct LoraExperts : Experts {
  LowRankBank pairs;

  LoraExperts() = default;
  LoraExperts(int64_t experts, int64_t in, int64_t out, const LoraOptions& options)
      : pairs(experts, in, out, options) {}

  int64_t count() const override { return pairs.count(); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override { pairs.visit(v); }
};

}  // namespace conclave
