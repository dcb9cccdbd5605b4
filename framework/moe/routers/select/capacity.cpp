#include "framework/moe/routers/select/capacity.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

// Flat indices of expert_UK in order of priority.
Tensor queue_of(const RouteState& state, const Tensor& value_UE) {
  const Tensor& expert_UK = state.routing.expert_TK;
  const auto index = at::TensorOptions().dtype(at::kLong).device(expert_UK.device());
  if (value_UE.defined())
    return state.at_slots(value_UE).reshape(-1).argsort(/*stable=*/true, 0, /*descending=*/true);
  return at::arange(expert_UK.numel(), index).view(expert_UK.sizes()).t().reshape(-1);
}

// Bool [U,K]: slots within the first `capacity` of their expert in the queue.
Tensor within(const Tensor& expert_UK, const Tensor& queue, int64_t experts, int64_t capacity) {
  // Empty slots wait for an expert of their own behind the others.
  const Tensor flat = at::where(expert_UK < 0, experts, expert_UK).to(at::kLong).reshape(-1);
  const auto [expert, order] = flat.index_select(0, queue).sort(/*stable=*/true, 0, /*descending=*/false);
  const Tensor count = at::bincount(flat, {}, experts + 1);
  const Tensor first = count.cumsum(0) - count;
  const Tensor place = at::arange(flat.size(0), flat.options()) - first.index_select(0, expert);
  const Tensor inside = at::empty_like(flat, flat.options().dtype(at::kBool));
  return inside.index_copy(0, queue.index_select(0, order), place < capacity).view(expert_UK.sizes());
}

}  // namespace

void Capacity::run(RouteState& state, const TokenContext& context) {
  const double active = context.training() ? factor : eval_factor;
  Routing& routing = state.routing;
  if (active <= 0 || routing.expert_TK.numel() == 0) return;
  const int64_t experts = state.choice_UE.size(1);
  const double slots = static_cast<double>(routing.tokens() * (per_slot ? routing.slots() : 1));
  const int64_t capacity =
      std::max(minimum, static_cast<int64_t>(std::ceil(active * slots / static_cast<double>(experts))));

  Tensor value_UE;
  if (order == Order::probability) value_UE = state.probabilities().detach();
  if (order == Order::logit) value_UE = routing.logits_TE.detach();
  const at::NoGradGuard no_grad;  // after probabilities(), which stay in the graph
  const Tensor empty_UK = routing.expert_TK < 0;
  const Tensor lost_UK = within(routing.expert_TK, queue_of(state, value_UE), experts, capacity)
                             .logical_not()
                             .logical_and(empty_UK.logical_not());
  const Tensor lost = lost_UK.reshape(-1).to(at::kFloat);
  routing.dropped_E =
      at::zeros({experts}, lost.options()).index_add(0, routing.expert_TK.clamp_min(0).reshape(-1), lost);
  if (state.keep) routing.chosen_TK = routing.expert_TK;
  routing.expert_TK = routing.expert_TK.masked_fill(lost_UK, -1);
  state.full = false;
}

Ptr<Stage> make_capacity(ConfigObject& config, const RouterShape&) {
  auto stage = std::make_shared<Capacity>();
  stage->factor = number_of(config, "factor", std::nullopt, 0, 1e9);
  stage->eval_factor = number_of(config, "eval_factor", stage->factor, 0, 1e9);
  stage->minimum = integer_of(config, "minimum", 0, 0, int64_t{1} << 40);
  stage->per_slot = config.get("per_slot", true);
  const auto order = config.one_of("order", {"probability", "position", "logit"});
  if (order == "position") stage->order = Capacity::Order::position;
  if (order == "logit") stage->order = Capacity::Order::logit;
  return stage;
}

}  // namespace conclave
