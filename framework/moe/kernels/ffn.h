/// The whole forward pass of a feed-forward bank without autograd, for the cases a fused kernel takes.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/moe/kernels/packed.h"
#include "framework/nn/activation.h"

namespace conclave::kernels {

/// Weights as in FfnExperts, as numbers or all packed; w3, b1, b3, b2 may be undefined.
struct FfnWeights {
  Tensor w1_EFD, w3_EFD, w2_EDF, b1_EF, b3_EF, b2_ED;
  Activation activation;
  PackedWeight packed1 = {}, packed3 = {}, packed2 = {};

  bool gated() const { return w3_EFD.defined() || packed3.defined(); }
  int64_t experts() const { return packed1.defined() ? packed1.experts() : w1_EFD.size(0); }
  int64_t ins() const { return packed1.defined() ? packed1.ins : w1_EFD.size(2); }
  int64_t hidden() const { return packed1.defined() ? packed1.outs() : w1_EFD.size(1); }
  int64_t outs() const { return packed2.defined() ? packed2.outs() : w2_EDF.size(1); }
};

/// Weighted sum over the slots [T,D] in x's dtype, or an undefined tensor when no fused kernel takes these
/// dtypes, sizes or device. A token's result does not depend on the tokens beside it.
Tensor fused_ffn(const Tensor& x_TD, const FfnWeights& weights, const Tensor& expert_TK,
                 const Tensor& weight_TK);

}  // namespace conclave::kernels
