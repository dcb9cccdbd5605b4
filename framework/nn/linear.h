/// The one linear projection, with one adapter slot.
#pragma once

#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

/// Adds delta(x) to a projection's output: plain LoRA, a bank of LoRA experts.
struct Adapter : Module {
  /// x [..., in] -> [..., out], in x's dtype.
  virtual Tensor delta(const Tensor& x, const TokenContext& context) = 0;
};

/// y = x Wᵀ + b (+ adapter).
struct Linear : Module {
  Tensor weight;  ///< [out, in]
  Tensor bias;    ///< [out], or undefined
  Ptr<Adapter> adapter;

  Linear() = default;
  /// Weights from a truncated normal of standard deviation `std`; std <= 0 means 1/sqrt(in). Bias zero.
  Linear(int64_t in, int64_t out, bool with_bias = true, double std = 0);

  int64_t in_features() const { return weight.size(1); }
  int64_t out_features() const { return weight.size(0); }
  /// x [..., in] -> [..., out].
  Tensor forward(const Tensor& x, const TokenContext& context) const;
  Tensor forward(const Tensor& x) const { return forward(x, TokenContext{}); }
  void visit(Visitor& v) override;
};

}  // namespace conclave
