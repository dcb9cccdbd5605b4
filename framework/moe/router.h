/// A router is a unit (token, patch, chunk, sequence) and four stages: score, mask, select, weigh. Each stage
/// is replaceable, because nearly every published router differs from the others in one of them.
#pragma once

#include "framework/base/json.h"
#include "framework/moe/routing.h"
#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

struct Experts;

/// What the stages hand on. U units: tokens, patches, chunks, sequences.
struct RouteState {
  Tensor x_UD;       ///< input of the score stage, float32
  Routing routing;   ///< filled stage by stage
  Tensor choice_UE;  ///< score by which slots are chosen; the score stage sets it, masks and biases change it
  const Experts* bank = nullptr;  ///< for scores that read expert weights
};

/// Counts of one optimiser step, gathered over accumulation and ranks, for state that is not trained by
/// gradient.
struct StepWindow {
  Tensor count_E;  ///< float32, tokens that each expert got
  int64_t step = 0;
};

/// One stage. Order: unit, score, mask (any number), select, weigh. `run` reads and writes the state.
struct Stage : Module {
  virtual void run(RouteState& state, const TokenContext& context) = 0;
  /// Once per optimiser step, without autograd: bias correction, schedules, K-means updates.
  virtual void after_step(const StepWindow&) {}
  void visit(Visitor&) override {}
};

/// Runs its stages in order. Routers compute in float32 whatever the activations are: a bfloat16 router
/// changes the expert set of 1 to 3 % of tokens.
struct Router : Module {
  std::vector<Ptr<Stage>> stages;

  /// x_TD: activations [T,D] of any floating dtype. Invalid tokens get empty slots.
  virtual Routing route(const Tensor& x_TD, const TokenContext& context, const Experts* bank = nullptr);
  virtual void after_step(const StepWindow& window);
  void visit(Visitor& v) override;
};

/// Sizes a stage is built for.
struct RouterShape {
  int64_t width = 0;    ///< D
  int64_t experts = 0;  ///< routed experts E
  int64_t nulls = 0;    ///< null experts behind them in the pool
  int64_t shared = 0;   ///< shared experts that share the gate
};

/// Builds a router from its configuration; docs/moe.md lists every key and kind. Throws UsageError that names
/// the key.
///   {"unit": "token", "score": {"kind": "linear"}, "mask": [{"kind": "modality_pool", ...}],
///    "select": {"kind": "top_k", "k": 2}, "weigh": {"kind": "softmax_selected"}}
Ptr<Router> make_router(const Json& config, const RouterShape& shape);

}  // namespace conclave
