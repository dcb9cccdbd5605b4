/// The shape check at the door of every bank: the kernels behind it check nothing.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/base/error.h"
#include "framework/moe/routing.h"

namespace conclave {

/// Throws Error unless x is [T,width] and the routing has T tokens.
inline void check_bank_input(const char* bank, const Tensor& x_TD, int64_t width, const Routing& routing) {
  require(x_TD.dim() == 2 && x_TD.size(1) == width, "[{}] x has shape {}, expected [T,{}]", bank,
          fmt::join(x_TD.sizes(), "x"), width);
  require(routing.expert_TK.dim() == 2 && routing.expert_TK.scalar_type() == at::kInt &&
              routing.weight_TK.sizes() == routing.expert_TK.sizes() && routing.tokens() == x_TD.size(0),
          "[{}] the routing has experts {} ({}) and weights {} for {} tokens", bank,
          fmt::join(routing.expert_TK.sizes(), "x"), c10::toString(routing.expert_TK.scalar_type()),
          fmt::join(routing.weight_TK.sizes(), "x"), x_TD.size(0));
}

}  // namespace conclave
