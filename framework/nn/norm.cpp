#include "framework/nn/norm.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {

RmsNorm::RmsNorm(int64_t width, double eps) : weight(at::ones({width})), eps(eps) {}

Tensor RmsNorm::forward(const Tensor& x) const {
  const Tensor wide = x.to(at::kFloat);
  const Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  // The weight is multiplied after rounding to x's dtype, as published models do it.
  return (weight * (wide * scale).to(x.scalar_type())).to(x.scalar_type());
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
  if (kind == "layer_norm") return std::make_shared<LayerNorm>(width, eps);
  throw UsageError(fmt::format("{} = \"{}\": must be one of rms_norm, layer_norm", key, kind));
}

}  // namespace conclave
