/// The whole forward pass of a feed-forward bank without autograd, for the cases a fused kernel takes.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/nn/activation.h"

namespace conclave::kernels {

/// Weights as in FfnExperts; w3, b1, b3, b2 may be undefined.
struct FfnWeights {
  Tensor w1_EFD, w3_EFD, w2_EDF, b1_EF, b3_EF, b2_ED;
  Activation activation;
};

/// Weighted sum over the slots [T,D] in x's dtype, or an undefined tensor when no fused kernel takes these
/// dtypes, sizes or device. A token's result does not depend on the tokens beside it.
Tensor fused_ffn(const Tensor& x_TD, const FfnWeights& weights, const Tensor& expert_TK,
                 const Tensor& weight_TK);

}  // namespace conclave::kernels
