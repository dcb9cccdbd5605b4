#include "framework/moe/experts/lora_experts.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/check.h"

namespace conclave {

Tensor LoraExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("lora", x_TD, pairs.a_ERI.size(2), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  const Tensor y_NO = pairs.rows(kernels::gather_rows(x_TD, order), order, context);
  return kernels::combine_rows(y_NO, routing.weight_TK, order);
}

Tensor LoraExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("lora", x_TD, pairs.a_ERI.size(2), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::scatter_slots(pairs.rows(kernels::gather_rows(x_TD, order), order, context), order);
}

}  // namespace conclave
