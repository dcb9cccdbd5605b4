#include "models/checkpoint/dora.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace conclave {

Tensor Dora::share_O() const {
  Tensor length_O;
  {
    const at::NoGradGuard no_grad;
    length_O = at::linalg_vector_norm(linear->weight.to(at::kFloat) + lora.product(), 2, 1);
  }
  return magnitude_O / length_O;
}

Tensor Dora::delta(const Tensor& x, const TokenContext& context) {
  const Tensor share_O = this->share_O().to(x.scalar_type());
  return (share_O - 1) * at::linear(x, linear->weight) + share_O * lora.delta(x, context);
}

Tensor Dora::merged() const {
  return share_O().unsqueeze(1) * (linear->weight.to(at::kFloat) + lora.product());
}

void Dora::visit(Visitor& v) {
  lora.visit(v);
  v("lora_magnitude_vector", magnitude_O);
}

}  // namespace conclave
