#include "framework/moe/experts/lora_ranks.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/experts/check.h"
#include "framework/moe/experts/pool.h"

namespace conclave {

LoraRankExperts::LoraRankExperts(int64_t ranks, int64_t in, int64_t out, const LoraOptions& options)
    : scale(options.scale()) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  a_EI = at::empty({ranks, in}).uniform_(-bound, bound);
  b_EO = at::zeros({ranks, out});
}

Tensor LoraRankExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("lora_ranks", x_TD, a_EI.size(1), routing);
  const auto dtype = x_TD.scalar_type();
  const Tensor weight_TE = dense_weight(routing, count()).to(dtype);
  return scale * at::matmul(at::linear(x_TD, a_EI.to(dtype)) * weight_TE, b_EO.to(dtype));
}

Tensor LoraRankExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("lora_ranks", x_TD, a_EI.size(1), routing);
  const auto dtype = x_TD.scalar_type();
  const Tensor expert_TK = routing.expert_TK.clamp(0, count() - 1).to(at::kLong);
  const Tensor z_TK = at::linear(x_TD, a_EI.to(dtype)).gather(1, expert_TK) * own_slots(routing, count());
  const Tensor b_TKO =
      b_EO.to(dtype).index_select(0, expert_TK.view(-1)).view({x_TD.size(0), routing.slots(), -1});
  return scale * z_TK.unsqueeze(-1) * b_TKO;
}

void LoraRankExperts::visit(Visitor& v) {
  v("lora_A", a_EI);
  v("lora_B", b_EO);
}

}  // namespace conclave
