#include "framework/moe/routers/score/recurrent.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/routers/score/linear.h"

namespace conclave {

void RecurrentScore::run(RouteState& state, const TokenContext& context) {
  require<Error>(context.carry, "[router] recurrent: the pass has no carry for the state between layers");
  const Tensor in_UH = linear_float(state.x_UD, project_HD);
  Tensor& hidden_UH = context.carry->across_layers["router.hidden"];
  if (!hidden_UH.defined()) hidden_UH = at::zeros_like(in_UH);
  require<Error>(hidden_UH.sizes() == in_UH.sizes(),
                 "[router] recurrent: the carried state is [{},{}], this layer needs [{},{}]",
                 hidden_UH.size(0), hidden_UH.size(1), in_UH.size(0), in_UH.size(1));
  hidden_UH = at::gru_cell(in_UH, hidden_UH, in_weight.to(at::kFloat), hidden_weight.to(at::kFloat),
                           in_bias.to(at::kFloat), hidden_bias.to(at::kFloat));
  state.routing.logits_TE = linear_float(hidden_UH, weight);
}

void RecurrentScore::visit(Visitor& v) {
  v("project.weight", project_HD);
  v("gru.weight_ih", in_weight);
  v("gru.weight_hh", hidden_weight);
  v("gru.bias_ih", in_bias);
  v("gru.bias_hh", hidden_bias);
  v("weight", weight);
}

Ptr<Stage> make_recurrent_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<RecurrentScore>();
  const int64_t hidden = config.get_integer("hidden", std::min<int64_t>(shape.width, 128), 1);
  const double std = 1 / std::sqrt(static_cast<double>(hidden));
  stage->project_HD = fresh_weight(hidden, shape.width, 1 / std::sqrt(static_cast<double>(shape.width)));
  stage->in_weight = fresh_weight(3 * hidden, hidden, std);
  stage->hidden_weight = fresh_weight(3 * hidden, hidden, std);
  stage->in_bias = at::zeros({3 * hidden});
  stage->hidden_bias = at::zeros({3 * hidden});
  stage->weight = fresh_weight(score_width(shape), hidden);
  return stage;
}

}  // namespace conclave
