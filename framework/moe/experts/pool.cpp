#include "framework/moe/experts/pool.h"

#include <ATen/ATen.h>

namespace conclave {

Tensor own_slots(const Routing& routing, int64_t experts) {
  return (routing.expert_TK >= 0).logical_and(routing.expert_TK < experts);
}

Tensor own_weight(const Routing& routing, int64_t experts) {
  return routing.weight_TK * own_slots(routing, experts);
}

Tensor dense_weight(const Routing& routing, int64_t experts) {
  const Tensor expert_TK = routing.expert_TK.clamp(0, experts - 1).to(at::kLong);
  return at::zeros({routing.tokens(), experts}, routing.weight_TK.options())
      .scatter_add(1, expert_TK, own_weight(routing, experts));
}

Routing shifted(const Routing& routing, int64_t offset) {
  Routing part;
  part.expert_TK = (routing.expert_TK - offset).clamp_min(-1).to(at::kInt);
  part.weight_TK = routing.weight_TK;
  return part;
}

}  // namespace conclave
