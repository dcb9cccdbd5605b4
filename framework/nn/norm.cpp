#include "framework/nn/norm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>
#include <numeric>

#include "framework/base/error.h"
#include "framework/nn/norm_rows.h"

namespace conclave {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A few rows of inference: eight tensor operations would cost more than their arithmetic.
constexpr int64_t kSmall = 4096;

bool is_small(const Tensor& x, const Tensor& weight) {
  const auto plain = [](const Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
  };
  return !at::GradMode::is_enabled() && x.numel() <= kSmall && plain(x) && plain(weight) && x.dim() > 0 &&
         weight.numel() > 0 && x.size(-1) == weight.numel();
}

Tensor inverse_rms(const Tensor& x, double eps) {
  const auto width = static_cast<double>(x.size(-1));
  return at::linalg_vector_norm(x, 2, -1, /*keepdim=*/true).square_().div_(width).add_(eps).rsqrt_();
}

// Written out because the recorded graph of the formula takes twice the time and keeps four tensors of x's
// size.
struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, double eps) {
    const Tensor wide = x.to(at::kFloat);
    const Tensor scale = inverse_rms(wide, eps);
    context->save_for_backward({x, weight, scale});
    // The weight is multiplied after rounding to x's dtype, as published models do it.
    return (weight * (wide * scale).to(x.scalar_type())).to(x.scalar_type());
  }
  // With n = x·scale and g = dy·weight: dx = scale·(g - n·mean(g·n)), dweight = sum of dy·n.
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &scale = saved[2];
    const Tensor dy = grads[0].to(at::kFloat);
    const Tensor normed = x.to(at::kFloat) * scale;
    const Tensor product = dy * normed;
    Tensor dx, dweight;
    if (context->needs_input_grad(0)) {
      const Tensor wide_weight = weight.to(at::kFloat);
      const Tensor mean =
          at::matmul(product, wide_weight.unsqueeze(-1)).div_(static_cast<double>(x.size(-1)));
      dx = (dy * wide_weight).addcmul_(normed, mean, -1).mul_(scale).to(x.scalar_type());
    }
    if (context->needs_input_grad(1)) {
      dweight = product.reshape({-1, x.size(-1)}).sum(0).to(weight.scalar_type());
    }
    return {dx, dweight, Tensor()};
  }
};

}  // namespace

RmsNorm::RmsNorm(int64_t width, double eps, double centre)
    : weight(at::full({width}, 1 - centre)), eps(eps), centre(centre) {}

void run_rows(const RmsNorm& norm, const float* x, int64_t rows, float* out) {
  const int64_t width = norm.weight.numel();
  const float* scale = norm.weight.const_data_ptr<float>();
  const auto centre = static_cast<float>(norm.centre);
  for (int64_t n = 0; n < rows; ++n, x += width, out += width) {
    std::array<float, 8> sum{};  // side by side, as vector instructions want it
    int64_t i = 0;
    for (; i + 8 <= width; i += 8)
      for (int64_t k = 0; k < 8; ++k) sum[static_cast<size_t>(k)] += x[i + k] * x[i + k];
    for (; i < width; ++i) sum[0] += x[i] * x[i];
    const float mean = std::accumulate(sum.begin(), sum.end(), 0.0F) / static_cast<float>(width);
    const float inverse = 1 / std::sqrt(mean + static_cast<float>(norm.eps));
    for (int64_t d = 0; d < width; ++d) out[d] = (centre + scale[d]) * (x[d] * inverse);
  }
}

Tensor RmsNorm::forward(const Tensor& x) const {
  if (is_small(x, weight)) {
    Tensor y = at::empty_like(x);
    run_rows(*this, x.const_data_ptr<float>(), x.numel() / weight.numel(), y.mutable_data_ptr<float>());
    return y;
  }
  // In float32, where the narrower type would round the small differences from the centre away.
  return RmsNormFunction::apply(x, centre == 0 ? weight : weight.to(at::kFloat) + centre, eps);
}

void RmsNorm::visit(Visitor& v) {
  v("weight", weight);
}

LayerNorm::LayerNorm(int64_t width, double eps, bool with_bias) : weight(at::ones({width})), eps(eps) {
  if (with_bias) bias = at::zeros({width});
}

Tensor LayerNorm::forward(const Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

void LayerNorm::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

GroupNorm::GroupNorm(int64_t channels, int64_t groups, double eps)
    : weight(at::ones({channels})), bias(at::zeros({channels})), groups(groups), eps(eps) {
  require<UsageError>(groups > 0 && channels % groups == 0,
                      "[group norm] {} groups do not divide {} channels", groups, channels);
}

Tensor GroupNorm::forward(const Tensor& x_NCHW) const {
  return at::group_norm(x_NCHW, groups, weight, bias, eps);
}

void GroupNorm::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

Ptr<Norm> make_norm(const std::string& kind, int64_t width, double eps, const std::string& key) {
  if (kind == "rms_norm") return std::make_shared<RmsNorm>(width, eps);
  if (kind == "zero_centred_rms_norm") return std::make_shared<RmsNorm>(width, eps, 1);
  if (kind == "layer_norm") return std::make_shared<LayerNorm>(width, eps);
  throw UsageError(
      fmt::format("{} = \"{}\": must be one of rms_norm, zero_centred_rms_norm, layer_norm", key, kind));
}

}  // namespace conclave
