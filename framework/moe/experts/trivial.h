/// The zero-computation experts of MoE++ (arXiv 2410.07348).
#pragma once

#include "framework/moe/experts.h"

namespace conclave {

/// Gives zero: the token may be dropped.
struct ZeroExperts : Experts {
  explicit ZeroExperts(int64_t experts = 1) : experts_(experts) {}
  int64_t count() const override { return experts_; }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor&) override {}

 private:
  int64_t experts_;
};

/// Gives x itself: the token may skip the layer.
struct IdentityExperts : Experts {
  explicit IdentityExperts(int64_t experts = 1) : experts_(experts) {}
  int64_t count() const override { return experts_; }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor&) override {}

 private:
  int64_t experts_;
};

/// Gives p_0 x + p_1 v with p = softmax(W x): a trained vector takes the token's place in part.
struct ConstantExperts : Experts {
  Tensor value_ED;  ///< v
  Tensor mix_E2D;   ///< W

  ConstantExperts() = default;
  explicit ConstantExperts(const ExpertsShape& shape);
  int64_t count() const override { return value_ED.size(0); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
