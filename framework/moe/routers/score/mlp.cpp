#include "framework/moe/routers/score/mlp.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/moe/routers/score/linear.h"

namespace conclave {

void MlpScore::run(RouteState& state, const TokenContext&) {
  const Tensor hidden_UH = activate(activation, linear_float(state.x_UD, w1_HD, b1_H));
  state.routing.logits_TE = linear_float(hidden_UH, w2_EH, b2_E);
}

void MlpScore::visit(Visitor& v) {
  v("fc1.weight", w1_HD);
  v("fc1.bias", b1_H);
  v("fc2.weight", w2_EH);
  v("fc2.bias", b2_E);
}

Ptr<Stage> make_mlp_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<MlpScore>();
  const int64_t hidden = config.get_integer("hidden", shape.width, 1);
  stage->activation =
      parse_activation(config.get<std::string>("activation", "relu"), config.name("activation"));
  stage->w1_HD = fresh_weight(hidden, shape.width, 1 / std::sqrt(static_cast<double>(shape.width)));
  stage->b1_H = at::zeros({hidden});
  stage->w2_EH = fresh_weight(score_width(shape), hidden);
  stage->b2_E = at::zeros({score_width(shape)});
  return stage;
}

}  // namespace conclave
