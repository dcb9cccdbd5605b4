#include "framework/moe/routers/score/per_task.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void PerTaskScore::run(RouteState& state, const TokenContext& context) {
  state.routing.logits_TE = linear_float(state.x_UD, weight);
  if (!context.task_T.defined()) return;
  // There are few tasks and router rows are small: all changes for all units cost less than sorting units.
  const Tensor change_UKE =
      linear_float(state.x_UD, change_KED.flatten(0, 1)).unflatten(1, {change_KED.size(0), -1});
  const Tensor own_UK = at::one_hot(context.task_T + 1, change_KED.size(0) + 1)
                            .narrow(1, 1, change_KED.size(0))
                            .to(change_UKE.scalar_type());
  state.routing.logits_TE = state.routing.logits_TE + (change_UKE * own_UK.unsqueeze(2)).sum(1);
}

void PerTaskScore::visit(Visitor& v) {
  v("weight", weight);
  v("change", change_KED);
}

Ptr<Stage> make_per_task_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<PerTaskScore>();
  const int64_t tasks = integer_of(config, "tasks", 1, 1, 1 << 16);
  stage->weight = fresh_weight(score_width(shape), shape.width);
  stage->change_KED = at::zeros({tasks, score_width(shape), shape.width});
  return stage;
}

}  // namespace conclave
