#include "framework/moe/router.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "framework/base/error.h"
#include "framework/moe/apply_edits.h"
#include "framework/moe/few_tokens.h"
#include "framework/moe/infinity.h"
#include "framework/moe/routing_log.h"

namespace conclave {
namespace {

// Stands for -inf where a row may hold nothing else: softmax then gives no NaN.
constexpr float kLowest = std::numeric_limits<float>::lowest();

void forget_invalid(RouteState& state) {
  if (state.valid_U.defined())
    state.choice_UE = state.choice_UE.masked_fill(state.valid_U.logical_not().unsqueeze(1), -kInfinity);
}

Routing route_units(const Router& router, RouteState& state, const TokenContext& context,
                    std::span<const Edit> edits) {
  Routing& routing = state.routing;
  state.keep = context.training() || (context.log && context.log->keep_logits);
  router.score->run(state, context);
  if (router.shared > 0) {
    const int64_t pool = routing.logits_TE.size(1) - router.shared;
    state.shared_US = routing.logits_TE.narrow(1, pool, router.shared);
    routing.logits_TE = routing.logits_TE.narrow(1, 0, pool);
  }
  edit_logits(state, edits, context);
  if (!state.choice_UE.defined()) state.choice_UE = routing.logits_TE;
  forget_invalid(state);
  for (const auto& stage : router.mask) stage->run(state, context);
  edit_choice(state, edits, context);
  for (const auto& stage : router.select) stage->run(state, context);
  require<Error>(routing.expert_TK.defined(), "[router] no select stage filled the slots");
  edit_experts(state, edits, context);
  for (const auto& stage : router.weigh) stage->run(state, context);

  require<Error>(routing.weight_TK.defined(), "[router] no weigh stage made weights");

  if (state.keep) {
    state.probabilities();
  } else {
    routing.logits_TE = routing.prob_TE = routing.allowed_TE = Tensor();
  }
  return routing;
}

// A unit's routing, given to each of its tokens.
Routing spread(const Routing& units, const Tensor& unit_T, const Tensor& valid_T) {
  const auto rows = [&](const Tensor& values) {
    return values.defined() ? values.index_select(0, unit_T) : values;
  };
  Routing routing = units;
  for (Tensor Routing::*part :
       {&Routing::expert_TK, &Routing::weight_TK, &Routing::shared_TS, &Routing::chosen_TK,
        &Routing::logits_TE, &Routing::prob_TE, &Routing::allowed_TE})
    routing.*part = rows(units.*part);
  if (valid_T.defined()) {
    const Tensor invalid_T1 = valid_T.logical_not().unsqueeze(1);
    routing.expert_TK = routing.expert_TK.masked_fill(invalid_T1, -1);
    routing.weight_TK = routing.weight_TK.masked_fill(invalid_T1, 0);
    if (routing.chosen_TK.defined()) routing.chosen_TK = routing.chosen_TK.masked_fill(invalid_T1, -1);
  }
  return routing;
}

}  // namespace

const Tensor& RouteState::probabilities() {
  if (routing.prob_TE.defined()) return routing.prob_TE;
  if (routing.allowed_TE.defined()) {
    const Tensor barred_UE = routing.allowed_TE.logical_not();
    routing.prob_TE = routing.logits_TE.masked_fill(barred_UE, kLowest).softmax(1).masked_fill(barred_UE, 0);
  } else {
    routing.prob_TE = routing.logits_TE.softmax(1);
  }
  return routing.prob_TE;
}

Tensor RouteState::at_slots(const Tensor& values_UE) const {
  if (full) return values_UE.gather(1, routing.expert_TK);
  return values_UE.gather(1, routing.expert_TK.clamp_min(0)).masked_fill(routing.expert_TK < 0, 0);
}

void RouteState::allow(const Tensor& mask_UE) {
  choice_UE = choice_UE.masked_fill(mask_UE.logical_not(), -kInfinity);
  Tensor& allowed_UE = routing.allowed_TE;
  allowed_UE = allowed_UE.defined() ? allowed_UE & mask_UE : mask_UE.expand(choice_UE.sizes());
  routing.prob_TE = Tensor();
}

void RouteState::choose_by(const Tensor& score_UE) {
  choice_UE = at::where(choice_UE.isinf(), choice_UE, score_UE);
}

Routing Router::route(const Tensor& x_TD, const TokenContext& context, const Experts* bank,
                      std::span<const Edit> edits) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);  // always float32
  if (edits.empty()) {
    if (auto routing = route_few(*this, x_TD, context)) return std::move(*routing);
  }
  RouteState state;
  state.bank = bank;
  if (!unit) {
    state.x_UD = x_TD.to(at::kFloat);
    state.valid_U = context.valid_T;
    return route_units(*this, state, context, edits);
  }
  Units units = unit->group(x_TD.to(at::kFloat), context);
  state.x_UD = units.x_UD;
  state.valid_U = units.context.valid_T;
  return spread(route_units(*this, state, units.context, edits), units.unit_T, context.valid_T);
}

void Router::after_step(const StepWindow& window) {
  const at::NoGradGuard no_grad;
  score->after_step(window);
  for (const auto* stages : {&mask, &select, &weigh})
    for (const auto& stage : *stages) stage->after_step(window);
}

void Router::visit(Visitor& v) {
  v.child("unit", unit);
  v.child("score", score);
  v.children("mask", mask);
  v.children("select", select);
  v.children("weigh", weigh);
}

}  // namespace conclave
