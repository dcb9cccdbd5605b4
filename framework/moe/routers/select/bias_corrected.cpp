#include "framework/moe/routers/select/bias_corrected.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {

BiasCorrected::BiasCorrected(int64_t experts) : bias_E(at::zeros({experts})) {}

void BiasCorrected::run(RouteState& state, const TokenContext&) {
  state.choice_UE = state.choice_UE.detach() + bias_E;
}

void BiasCorrected::after_step(const StepWindow& window) {
  const Tensor& count_E = window.count_E;
  if (!count_E.defined()) return;  // no batch came this way
  require<Error>(count_E.dim() == 1 && count_E.size(0) <= bias_E.size(0),
                 "[bias_corrected] expected counts of {} experts", bias_E.size(0));
  // Counts may leave the null experts out; their bias then stays.
  bias_E.narrow(0, 0, count_E.size(0)).add_((count_E.mean() - count_E).sign().to(bias_E.device()), rate);
}

void BiasCorrected::visit(Visitor& v) {
  v("bias", bias_E, TensorKind::buffer);
}

Ptr<Stage> make_bias_corrected(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<BiasCorrected>(shape.experts + shape.nulls);
  stage->rate = number_of(config, "rate", stage->rate, 0, 1);
  return stage;
}

}  // namespace conclave
