#include "framework/moe/routers/select/sinkhorn.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

// Subtracts the log of the sum along `dim`; a line of only -inf is left as it is.
Tensor normalise(const Tensor& log_UE, int64_t dim) {
  const Tensor total = log_UE.logsumexp(dim, true);
  return log_UE - total.masked_fill(total.isneginf(), 0);
}

}  // namespace

Tensor sinkhorn_log_plan(const Tensor& log_UE, int64_t iterations) {
  Tensor plan = log_UE;
  for (int64_t i = 0; i < iterations; ++i) plan = normalise(normalise(plan, 1), 0);
  return normalise(plan, 1);
}

void Sinkhorn::run(RouteState& state, const TokenContext& context) {
  if (!context.training() || state.choice_UE.size(0) == 0) return;
  const at::NoGradGuard no_grad;
  // A forced expert (+inf) has no finite share; its logit stands for it.
  const Tensor log_UE = at::where(state.choice_UE.isposinf(), state.routing.logits_TE, state.choice_UE);
  state.choose_by(sinkhorn_log_plan(log_UE, iterations));
}

Ptr<Stage> make_sinkhorn(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<Sinkhorn>();
  stage->iterations = integer_of(config, "iterations", 8, 1, 1000);
  return stage;
}

}  // namespace conclave
