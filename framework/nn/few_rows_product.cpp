#include "framework/nn/few_rows_product.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>

#include "framework/tensor/cpu/dot.h"
#include "framework/tensor/cpu/parallel.h"

namespace conclave {
namespace {

using at::Tensor;

constexpr int64_t kRowsOfATask = 64;  // weight rows

bool fits(const Tensor& x, const Tensor& weight) {
  const auto type = weight.scalar_type();
  return !(at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad())) &&
         !at::autocast::is_autocast_enabled(at::kCPU) && x.is_cpu() && weight.is_cpu() &&
         weight.is_contiguous() && x.scalar_type() == type && (type == at::kFloat || type == at::kBFloat16) &&
         weight.numel() >= kLeastProductWeights && x.numel() > 0 &&
         x.numel() <= kFewProductRows * weight.size(1);
}

}  // namespace

Tensor few_rows_product(const Tensor& x, const Tensor& weight) {
  if (!fits(x, weight)) return {};
  const int64_t in = weight.size(1), outs = weight.size(0), rows = x.numel() / in;
  const Tensor wide = x.to(at::kFloat).contiguous();
  std::array<const float*, kFewProductRows> row{};
  for (int64_t n = 0; n < rows; ++n) row[static_cast<size_t>(n)] = wide.const_data_ptr<float>() + n * in;
  auto shape = x.sizes().vec();
  shape.back() = outs;
  Tensor y = at::empty(shape, wide.options());
  float* to = y.mutable_data_ptr<float>();
  const auto& dot = kernels::dot_kernels();
  const bool large = static_cast<int64_t>(weight.nbytes()) >= kernels::kStreamedBytes;
  const bool narrow = weight.scalar_type() == at::kBFloat16;
  const void* from = weight.const_data_ptr();
  kernels::parallel_tasks(
      (outs + kRowsOfATask - 1) / kRowsOfATask, kernels::threads_for(rows * outs * in), [&](int64_t task) {
        const int64_t begin = task * kRowsOfATask, count = std::min(kRowsOfATask, outs - begin);
        if (narrow)
          (large ? dot.stream_bf16 : dot.product_bf16)(row.data(), rows,
                                                       static_cast<const kernels::Bf16*>(from) + begin * in,
                                                       in, count, in, to + begin, outs);
        else
          (large ? dot.stream : dot.product)(row.data(), rows, static_cast<const float*>(from) + begin * in,
                                             in, count, in, to + begin, outs);
      });
  return y.to(x.scalar_type());
}

Tensor project(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = few_rows_product(x, weight);
  if (!y.defined()) return at::linear(x, weight, bias);
  return bias.defined() ? y + bias : y;
}

}  // namespace conclave
