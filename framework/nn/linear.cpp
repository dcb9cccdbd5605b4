#include "framework/nn/linear.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/nn/few_rows_product.h"
#include "framework/tensor/fresh.h"

namespace conclave {

Linear::Linear(int64_t in, int64_t out, bool with_bias, double std) {
  const double deviation = std > 0 ? std : 1.0 / std::sqrt(static_cast<double>(in));
  weight = fresh_truncated_normal({out, in}, deviation);
  if (with_bias) bias = at::zeros({out});
}

Tensor Linear::forward(const Tensor& x, const TokenContext& context) const {
  if (!weight.defined()) {  // packed: the adapter gives the whole product
    const Tensor y = adapter->delta(x, context);
    return bias.defined() ? y + bias.to(y.scalar_type()) : y;
  }
  const Tensor y = project(x, weight, bias);
  return adapter ? y + adapter->delta(x, context) : y;
}

void Linear::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
  v.child("adapter", adapter);
}

}  // namespace conclave
