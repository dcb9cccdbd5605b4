#include "framework/moe/routers/weigh/change.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

void need_weights(const RouteState& state, const char* stage) {
  require<Error>(state.routing.weight_TK.defined(), "[router] {} comes before any stage that makes weights",
                 stage);
}

}  // namespace

void Normalise::run(RouteState& state, const TokenContext&) {
  need_weights(state, "normalise");
  Tensor& weight_TK = state.routing.weight_TK;
  weight_TK = weight_TK / (weight_TK.sum(1, true) + epsilon);
}

void Scale::run(RouteState& state, const TokenContext&) {
  need_weights(state, "scale");
  state.routing.weight_TK = state.routing.weight_TK * by;
}

void One::run(RouteState& state, const TokenContext&) {
  state.routing.weight_TK = (state.routing.expert_TK >= 0).to(at::kFloat);
}

void Given::run(RouteState& state, const TokenContext&) {
  need_weights(state, "given");
  Routing& routing = state.routing;
  if (!state.full) routing.weight_TK = routing.weight_TK.masked_fill(routing.expert_TK < 0, 0);
}

Ptr<Stage> make_normalise(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<Normalise>();
  // An empty row would be 0/0 without it.
  stage->epsilon = number_of(config, "epsilon", stage->epsilon, 1e-38, 1);
  return stage;
}

Ptr<Stage> make_scale(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<Scale>();
  stage->by = config.need<double>("by");
  return stage;
}

}  // namespace conclave
