#include "framework/nn/embedding.h"

#include <ATen/ATen.h>

#include "framework/tensor/fresh.h"

namespace conclave {

Embedding::Embedding(int64_t count, int64_t width, double std) : weight(fresh_normal({count, width}, std)) {}

Tensor Embedding::forward(const Tensor& ids) const {
  return at::embedding(weight, ids);
}

void Embedding::visit(Visitor& v) {
  v("weight", weight);
}

}  // namespace conclave
