#include "framework/lora/lora.h"

#include <ATen/ATen.h>

#include <cmath>

namespace conclave {

Lora::Lora(int64_t in, int64_t out, const LoraOptions& options)
    : scale(options.scale()), dropout(options.dropout) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  a_RI = at::empty({options.rank, in}).uniform_(-bound, bound);
  b_OR = at::zeros({out, options.rank});
}

Tensor Lora::delta(const Tensor& x, const TokenContext& context) {
  const Tensor dropped = dropout > 0 ? at::dropout(x, dropout, context.training()) : x;
  const auto dtype = x.scalar_type();
  return scale * at::linear(at::linear(dropped, a_RI.to(dtype)), b_OR.to(dtype));
}

Tensor Lora::product() const {
  return scale * at::mm(b_OR.to(at::kFloat), a_RI.to(at::kFloat));
}

void Lora::visit(Visitor& v) {
  v("lora_A", a_RI);
  v("lora_B", b_OR);
}

}  // namespace conclave
