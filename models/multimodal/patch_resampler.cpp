#include "models/multimodal/patch_resampler.h"

#include <ATen/ATen.h>

namespace conclave {

PatchResampler::Joint::Joint(int64_t in, int64_t out, double eps)
    : fc1(in, out), fc2(out, out), norm(std::make_shared<LayerNorm>(out, eps)) {}

Tensor PatchResampler::Joint::forward(const Tensor& x) const {
  return norm->forward(fc2.forward(at::gelu(fc1.forward(x))));
}

void PatchResampler::Joint::visit(Visitor& v) {
  v.child("fc1", fc1);
  v.child("fc2", fc2);
  v.child("norm", norm);
}

PatchResampler::PatchResampler(int64_t width, int64_t joined, int64_t out, double eps, double text_eps)
    : joined(joined),
      spatial(width * joined, width * joined, eps),
      temporal(2 * width * joined, width * joined, eps),
      mlp(width * joined, out),
      norm(std::make_shared<RmsNorm>(out, text_eps)) {}

Tensor PatchResampler::forward(const Tensor& x_PD) const {
  const Tensor frame = spatial.forward(x_PD.reshape({x_PD.size(0) / joined, -1}));
  return norm->forward(mlp.forward(temporal.forward(at::cat({frame, frame}, -1))));
}

void PatchResampler::visit(Visitor& v) {
  v.child("spatial", spatial);
  v.child("temporal", temporal);
  v.child("mlp", mlp);
  v.child("norm", norm);
}

}  // namespace conclave
