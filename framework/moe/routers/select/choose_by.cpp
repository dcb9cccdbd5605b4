#include "framework/moe/routers/select/choose_by.h"

#include <ATen/ATen.h>

namespace conclave {

void ChooseBy::run(RouteState& state, const TokenContext&) {
  const Tensor score_UE = score == Score::softmax ? state.probabilities() : state.routing.logits_TE.sigmoid();
  state.choose_by(score_UE.detach());
}

Ptr<Stage> make_choose_by(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<ChooseBy>();
  const bool softmax = config.one_of("score", {"sigmoid", "softmax"}) == "softmax";
  stage->score = softmax ? ChooseBy::Score::softmax : ChooseBy::Score::sigmoid;
  return stage;
}

}  // namespace conclave
