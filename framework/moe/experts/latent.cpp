#include "framework/moe/experts/latent.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/experts/check.h"

namespace conclave {
namespace {

Tensor project(const Tensor& x, const Tensor& w) {
  return at::linear(x, w.to(x.scalar_type()));
}

}  // namespace

LatentExperts::LatentExperts(const ExpertsShape& shape, int64_t latent, const FfnOptions& options)
    : down_LD(at::empty({latent, shape.width}).normal_(0, 1 / std::sqrt(static_cast<double>(shape.width)))),
      up_DL(at::empty({shape.width, latent}).normal_(0, 1 / std::sqrt(static_cast<double>(latent)))),
      inner({latent, shape.experts}, options) {}

Tensor LatentExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("latent", x_TD, down_LD.size(1), routing);
  return project(inner.forward(project(x_TD, down_LD), routing, context), up_DL);
}

Tensor LatentExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("latent", x_TD, down_LD.size(1), routing);
  return project(inner.slots(project(x_TD, down_LD), routing, context), up_DL);
}

void LatentExperts::visit(Visitor& v) {
  v("latent_down", down_LD);
  v("latent_up", up_DL);
  v.child("experts", inner);
}

}  // namespace conclave
