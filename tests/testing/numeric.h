/// Checks of tensors that several tests share.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <functional>

namespace conclave::testing {

/// Largest absolute difference; infinite when the shapes differ or a value is not a number.
inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  if (a.numel() == 0) return 0;
  const auto difference = (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs();
  return difference.isnan().any().item<bool>() ? INFINITY : difference.max().item<double>();
}

/// Compares d loss / d leaf with central differences. `loss` gives a scalar from the leaf's present value;
/// `leaf` needs grad and is contiguous. Checks every element, or `at_most` of them evenly spread.
inline void check_gradient(const std::function<at::Tensor()>& loss, at::Tensor leaf, double tolerance,
                           double step = 1e-2, int64_t at_most = 40) {
  leaf.mutable_grad() = at::Tensor();
  loss().backward();
  ASSERT_TRUE(leaf.grad().defined());
  const at::Tensor gradient = leaf.grad().clone().view(-1);
  at::NoGradGuard no_grad;
  at::Tensor flat = leaf.detach().view(-1);
  const int64_t stride = std::max<int64_t>(1, flat.numel() / at_most);
  for (int64_t i = 0; i < flat.numel(); i += stride) {
    const double value = flat[i].item<double>();
    flat[i].fill_(value + step);
    const double above = loss().item<double>();
    flat[i].fill_(value - step);
    const double below = loss().item<double>();
    flat[i].fill_(value);
    EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), tolerance) << "element " << i;
  }
}

}  // namespace conclave::testing
