#include "framework/moe/losses/weighted_sum.h"

#include <ATen/ATen.h>

namespace conclave {

Tensor WeightedSum::operator()(std::span<const Record> records, const Tensor& target) {
  last_.clear();
  Tensor total;
  for (const auto& part : parts) {
    const Tensor value = (*part.loss)(records, target);
    last_.emplace_back(part.kind, value.detach());
    total = total.defined() ? total + part.weight * value : part.weight * value;
  }
  return total.defined() ? total : at::zeros({});
}

}  // namespace conclave
