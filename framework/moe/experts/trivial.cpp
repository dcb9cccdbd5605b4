#include "framework/moe/experts/trivial.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/experts/check.h"
#include "framework/moe/experts/pool.h"
#include "framework/moe/kernels/grouped.h"

namespace conclave {

Tensor ZeroExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("zero", x_TD, x_TD.size(-1), routing);
  return at::zeros_like(x_TD);
}

Tensor ZeroExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("zero", x_TD, x_TD.size(-1), routing);
  return x_TD.new_zeros({x_TD.size(0), routing.slots(), x_TD.size(1)});
}

Tensor IdentityExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("identity", x_TD, x_TD.size(-1), routing);
  return x_TD * own_weight(routing, count()).sum(1, true).to(x_TD.scalar_type());
}

Tensor IdentityExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("identity", x_TD, x_TD.size(-1), routing);
  return x_TD.unsqueeze(1) * own_slots(routing, count()).unsqueeze(-1);
}

ConstantExperts::ConstantExperts(const ExpertsShape& shape)
    : value_ED(at::zeros({shape.experts, shape.width})),
      mix_E2D(at::empty({shape.experts, 2, shape.width})
                  .normal_(0, 1 / std::sqrt(static_cast<double>(shape.width)))) {}

namespace {

Tensor constant_rows(const ConstantExperts& bank, const Tensor& x_TD, const kernels::RowOrder& order) {
  const Tensor x_ND = kernels::gather_rows(x_TD, order);
  const Tensor p_N2 = at::softmax(kernels::grouped_linear(x_ND, bank.mix_E2D, order), -1);
  const Tensor v_ND = bank.value_ED.to(x_ND.scalar_type()).index_select(0, order.expert_N);
  return p_N2.narrow(1, 0, 1) * x_ND + p_N2.narrow(1, 1, 1) * v_ND;
}

}  // namespace

Tensor ConstantExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("constant", x_TD, value_ED.size(1), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::combine_rows(constant_rows(*this, x_TD, order), routing.weight_TK, order);
}

Tensor ConstantExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("constant", x_TD, value_ED.size(1), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::scatter_slots(constant_rows(*this, x_TD, order), order);
}

void ConstantExperts::visit(Visitor& v) {
  v("value", value_ED);
  v("mix", mix_E2D);
}

}  // namespace conclave
