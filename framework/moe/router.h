/// A router is a unit (token, patch, chunk, sequence) and four stages: score, mask, select, weigh. Each stage
/// is replaceable, because nearly every published router differs from the others in one of them.
#pragma once

#include <span>

#include "framework/base/json.h"
#include "framework/moe/routing.h"
#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

struct Experts;
struct Edit;
struct FewTokens;

/// What the stages hand on. U units: tokens, patches, chunks, sequences. The pool of E experts is the routed
/// experts, then the null experts.
struct RouteState {
  Tensor x_UD;        ///< input of the score stage, float32
  Tensor valid_U;     ///< bool; undefined means all
  Routing routing;    ///< filled stage by stage; logits_TE, prob_TE, allowed_TE are over units here
  Tensor choice_UE;   ///< what slots are chosen by: the logits, then changed by masks and by select stages;
                      ///< -inf where an expert may not be chosen, +inf where it must be
  Tensor shared_US;   ///< logits of the shared experts, when they share the gate
  bool keep = false;  ///< logits and probabilities will be kept: training, or a log asks
  bool full = false;  ///< a select stage knows that no slot is empty, which saves masking
  const Experts* bank = nullptr;  ///< for scores that read expert weights

  /// Softmax of the logits over the allowed experts, [U,E], 0 elsewhere; computed once. A stage may have set
  /// prob_TE to another distribution.
  const Tensor& probabilities();
  /// values_UE at each slot's expert [U,K], 0 where the slot is empty. Differentiable.
  Tensor at_slots(const Tensor& values_UE) const;
  /// Narrows the choice: experts where `mask_UE` (bool, broadcast over units) is false get -inf.
  void allow(const Tensor& mask_UE);
  /// Replaces the choice but keeps what is forbidden (-inf) and what is forced (+inf).
  void choose_by(const Tensor& score_UE);
};

/// Counts of one optimiser step, gathered over accumulation and ranks, for state that is not trained by
/// gradient.
struct StepWindow {
  Tensor count_E;  ///< float32, tokens that each expert got, null experts last; undefined: none came
  int64_t step = 0;
};

/// One stage: `run` reads and writes the state. A score stage sets routing.logits_TE, a mask calls allow(),
/// the last select stage sets routing.expert_TK, a weigh stage sets or changes routing.weight_TK.
struct Stage : Module {
  virtual void run(RouteState& state, const TokenContext& context) = 0;
  /// The same without tensors (few_tokens.h); false: not made for it.
  virtual bool run_few(FewTokens&) { return false; }
  /// Once per optimiser step, without autograd: bias correction, schedules, K-means updates.
  virtual void after_step(const StepWindow&) {}
  void visit(Visitor&) override {}
};

/// Which tokens are routed together.
struct Units {
  Tensor x_UD;           ///< float32, mean over each unit's valid tokens
  TokenContext context;  ///< per unit
  Tensor unit_T;         ///< int64, row of x_UD for each token
};

/// Groups tokens into units; all tokens of a unit get its routing.
struct UnitStage : Module {
  virtual Units group(const Tensor& x_TD, const TokenContext& context) = 0;
  void visit(Visitor&) override {}
};

/// Runs its stages in order. Routers compute in float32 whatever the activations are: a bfloat16 router
/// changes the expert set of 1 to 3 % of tokens.
struct Router : Module {
  Ptr<UnitStage> unit;  ///< null: the token
  Ptr<Stage> score;
  std::vector<Ptr<Stage>> mask, select, weigh;
  int64_t shared = 0;  ///< last columns of the score, which belong to shared experts

  /// x_TD: activations [T,D] of any floating dtype. Invalid tokens get empty slots. `edits` are those of the
  /// layer: bias, forbid, force, and replay without weights act here.
  virtual Routing route(const Tensor& x_TD, const TokenContext& context, const Experts* bank = nullptr,
                        std::span<const Edit> edits = {});
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
/// mask, select and weigh take one stage or a list of them.
Ptr<Router> make_router(const Json& config, const RouterShape& shape);

}  // namespace conclave
