#include "framework/moe/routers/score/attention.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/score/linear.h"

namespace conclave {

void AttentionScore::run(RouteState& state, const TokenContext&) {
  const Tensor mixed = linear_float(state.x_UD, weight);
  const auto part = mixed.chunk(3, 1);
  const Tensor attention_UEE = (part[0].unsqueeze(2) * part[1].unsqueeze(1)).softmax(2);
  state.routing.logits_TE = attention_UEE.matmul(part[2].unsqueeze(2)).squeeze(2);
}

void AttentionScore::visit(Visitor& v) {
  v("weight", weight);
}

Ptr<Stage> make_attention_score(ConfigObject&, const RouterShape& shape) {
  auto stage = std::make_shared<AttentionScore>();
  stage->weight = fresh_weight(3 * score_width(shape), shape.width);
  return stage;
}

}  // namespace conclave
