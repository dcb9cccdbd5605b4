/// A projection of a few rows by the vector kernels: what a language model does for each token that it
/// writes.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

/// Up to so many rows; more are quicker as a matrix product.
constexpr int64_t kFewProductRows = 4;
/// Weights below this many are left to at::linear, whose call is as quick there.
constexpr int64_t kLeastProductWeights = int64_t{1} << 18;

/// x Wᵀ for x [...,in] and weight [out,in], both float32 or both bfloat16, summed in float32; an undefined
/// tensor when the product is not made for it: more rows, small or strided weights, another device,
/// gradients. The general products read such weights at a third to two thirds of the memory's speed where
/// they know the processor badly.
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight);

/// x Wᵀ + b by it where it is made for it, else at::linear.
at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace conclave
