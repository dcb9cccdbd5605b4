#include "framework/moe/routers/score/prototype.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void PrototypeScore::run(RouteState& state, const TokenContext& context) {
  const Tensor center = center_ED.to(at::kFloat);
  const Tensor cross_UE = at::linear(state.x_UD, center);
  const Tensor distance_UE =
      state.x_UD.square().sum(1, true) - 2 * cross_UE + center.square().sum(1).unsqueeze(0);
  state.routing.logits_TE = distance_UE / -temperature;
  if (!kmeans || !context.training()) return;

  const at::NoGradGuard no_grad;
  const Tensor nearest_U = distance_UE.argmin(1);
  const Tensor share_U = state.valid_U.defined() ? state.valid_U.to(at::kFloat)
                                                 : at::ones({state.x_UD.size(0)}, state.x_UD.options());
  if (!sum_ED_.defined()) {
    sum_ED_ = at::zeros_like(center);
    count_E_ = at::zeros({center.size(0)}, center.options());
  }
  sum_ED_.index_add_(0, nearest_U, state.x_UD * share_U.unsqueeze(1));
  count_E_.index_add_(0, nearest_U, share_U);
}

void PrototypeScore::after_step(const StepWindow&) {
  if (!sum_ED_.defined()) return;
  const Tensor mean_ED = sum_ED_ / count_E_.clamp_min(1).unsqueeze(1);
  const Tensor moved_ED =
      at::where((count_E_ > 0).unsqueeze(1), at::lerp(mean_ED, center_ED, decay), center_ED);
  center_ED.copy_(moved_ED);
  sum_ED_ = count_E_ = Tensor();
}

void PrototypeScore::visit(Visitor& v) {
  v("center", center_ED, kmeans ? TensorKind::buffer : TensorKind::parameter);
}

Ptr<Stage> make_prototype_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<PrototypeScore>();
  stage->center_ED = fresh_weight(score_width(shape), shape.width, 1);
  stage->temperature = number_of(config, "temperature", 1, 1e-6, 1e6);
  stage->kmeans = config.one_of("update", {"gradient", "kmeans"}) == "kmeans";
  stage->decay = number_of(config, "decay", stage->decay, 0, 1);
  return stage;
}

}  // namespace conclave
