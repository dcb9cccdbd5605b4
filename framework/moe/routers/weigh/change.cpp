#include "framework/moe/routers/weigh/change.h"

#include <ATen/ATen.h>

#include <numeric>
#include <span>

#include "framework/moe/few_tokens.h"
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

bool Normalise::run_few(FewTokens& few) {
  for (int64_t t = 0; t < few.tokens && !few.weight_TK.empty(); ++t) {
    const std::span weight_K(few.weight_TK.data() + t * few.slots, static_cast<size_t>(few.slots));
    const float sum = std::accumulate(weight_K.begin(), weight_K.end(), 0.0F);
    for (float& w : weight_K) w /= sum + static_cast<float>(epsilon);
  }
  return !few.weight_TK.empty();
}

void Scale::run(RouteState& state, const TokenContext&) {
  need_weights(state, "scale");
  state.routing.weight_TK = state.routing.weight_TK * by;
}

bool Scale::run_few(FewTokens& few) {
  for (float& w : few.weight_TK) w *= static_cast<float>(by);
  return !few.weight_TK.empty();
}

void One::run(RouteState& state, const TokenContext&) {
  state.routing.weight_TK = (state.routing.expert_TK >= 0).to(at::kFloat);
}

bool One::run_few(FewTokens& few) {
  few.weight_TK.clear();
  for (const int32_t expert : few.expert_TK) few.weight_TK.push_back(expert >= 0 ? 1.0F : 0.0F);
  return true;
}

void Given::run(RouteState& state, const TokenContext&) {
  need_weights(state, "given");
  Routing& routing = state.routing;
  if (!state.full) routing.weight_TK = routing.weight_TK.masked_fill(routing.expert_TK < 0, 0);
}

bool Given::run_few(FewTokens& few) {
  for (size_t i = 0; i < few.weight_TK.size(); ++i) {
    if (few.expert_TK[i] < 0) few.weight_TK[i] = 0;
  }
  return !few.weight_TK.empty();
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
