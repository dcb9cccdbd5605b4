#include "framework/moe/apply_edits.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/moe/infinity.h"

namespace conclave {
namespace {

// Rows that an edit speaks of, bool [T]; undefined for all of them.
Tensor rows_of(const Edit& edit, const TokenContext& context) {
  Tensor rows_T;
  if (edit.sequence >= 0) {
    require<Error>(context.sequence_T.defined(), "[edit] sequence {}: the pass names no sequences",
                   edit.sequence);
    rows_T = context.sequence_T == edit.sequence;
  }
  if (edit.modality >= 0) {
    require<Error>(context.modality_T.defined(), "[edit] modality {}: the pass names no modalities",
                   edit.modality);
    const Tensor of_modality_T = context.modality_T == edit.modality;
    rows_T = rows_T.defined() ? rows_T & of_modality_T : of_modality_T;
  }
  return rows_T;
}

// Bool [U,E], true at the edit's expert in its rows.
Tensor places_of(const Edit& edit, const Tensor& like_UE, const TokenContext& context) {
  require<Error>(edit.expert >= 0 && edit.expert < like_UE.size(1), "[edit] expert {} of a pool of {}",
                 edit.expert, like_UE.size(1));
  Tensor places_UE = at::zeros(like_UE.sizes(), like_UE.options().dtype(at::kBool));
  const Tensor rows_U = rows_of(edit, context);
  if (rows_U.defined())
    places_UE.select(1, edit.expert).copy_(rows_U);
  else
    places_UE.select(1, edit.expert).fill_(true);
  return places_UE;
}

// Pads slots at the end: -1 for experts, 0 for weights.
Tensor widen(const Tensor& values_TK, int64_t slots, double filling) {
  return slots == values_TK.size(1) ? values_TK
                                    : at::constant_pad_nd(values_TK, {0, slots - values_TK.size(1)}, filling);
}

// rows of `theirs` where `rows_T`, else of `ours`; widened to one number of slots.
Tensor merge(const Tensor& rows_T, const Tensor& theirs_TK, const Tensor& ours_TK, double filling) {
  if (!rows_T.defined()) return theirs_TK;
  const int64_t slots = std::max(theirs_TK.size(1), ours_TK.size(1));
  return at::where(rows_T.unsqueeze(1), widen(theirs_TK, slots, filling), widen(ours_TK, slots, filling));
}

void check_replay(const Edit& edit, int64_t tokens) {
  require<Error>(edit.routing.expert_TK.defined() && edit.routing.tokens() == tokens,
                 "[edit] replay of {} tokens in a pass of {}",
                 edit.routing.expert_TK.defined() ? edit.routing.tokens() : 0, tokens);
}

void replay(Routing& routing, const Edit& edit, const TokenContext& context) {
  check_replay(edit, routing.tokens());
  const Tensor rows_T = rows_of(edit, context);
  if (!rows_T.defined()) {
    // The logits, probabilities and masks of this pass stay: they belong to the router, not to the choice.
    Routing taken = edit.routing;
    taken.logits_TE = routing.logits_TE;
    taken.prob_TE = routing.prob_TE;
    taken.allowed_TE = routing.allowed_TE;
    if (!taken.shared_TS.defined()) taken.shared_TS = routing.shared_TS;
    routing = taken;
    return;
  }
  routing.weight_TK = merge(rows_T, edit.routing.weight_TK, routing.weight_TK, 0);
  routing.expert_TK = merge(rows_T, edit.routing.expert_TK, routing.expert_TK, -1);
  if (edit.routing.shared_TS.defined() && routing.shared_TS.defined())
    routing.shared_TS = merge(rows_T, edit.routing.shared_TS, routing.shared_TS, 0);
}

}  // namespace

void edit_logits(RouteState& state, std::span<const Edit> edits, const TokenContext& context) {
  for (const auto& edit : edits) {
    if (edit.kind != Edit::Kind::bias) continue;
    Tensor& logits_UE = state.routing.logits_TE;
    require<Error>(
        edit.value_E.defined() && edit.value_E.dim() == 1 && edit.value_E.size(0) == logits_UE.size(1),
        "[edit] bias needs {} values, one for each expert of the pool", logits_UE.size(1));
    const Tensor rows_U = rows_of(edit, context);
    Tensor bias_UE = edit.value_E.to(at::kFloat).unsqueeze(0);
    if (rows_U.defined()) bias_UE = bias_UE * rows_U.unsqueeze(1).to(at::kFloat);
    logits_UE = logits_UE + bias_UE;
  }
}

void edit_choice(RouteState& state, std::span<const Edit> edits, const TokenContext& context) {
  for (const auto& edit : edits) {
    if (edit.kind != Edit::Kind::forbid && edit.kind != Edit::Kind::force) continue;
    Tensor places_UE = places_of(edit, state.choice_UE, context);
    if (edit.kind == Edit::Kind::forbid) {
      state.allow(places_UE.logical_not());
      continue;
    }
    if (state.valid_U.defined()) places_UE = places_UE & state.valid_U.unsqueeze(1);
    state.choice_UE = state.choice_UE.masked_fill(places_UE, kInfinity);
    if (state.routing.allowed_TE.defined()) state.routing.allowed_TE = state.routing.allowed_TE | places_UE;
  }
}

void edit_experts(RouteState& state, std::span<const Edit> edits, const TokenContext& context) {
  for (const auto& edit : edits) {
    if (edit.kind != Edit::Kind::replay || edit.routing.weight_TK.defined()) continue;
    check_replay(edit, state.routing.tokens());
    const Tensor chosen_UK = edit.routing.expert_TK;
    require<Error>(chosen_UK.numel() == 0 || chosen_UK.max().item<int>() < state.choice_UE.size(1),
                   "[edit] replay of an expert outside the pool of {}", state.choice_UE.size(1));
    state.routing.expert_TK = merge(rows_of(edit, context), chosen_UK, state.routing.expert_TK, -1);
    state.full = false;
  }
}

void edit_routing(Routing& routing, std::span<const Edit> edits, const TokenContext& context) {
  for (const auto& edit : edits) {
    if (edit.kind == Edit::Kind::replay && edit.routing.weight_TK.defined()) replay(routing, edit, context);
    if (edit.kind == Edit::Kind::scale) {
      Tensor places_TK = routing.expert_TK == edit.expert;
      const Tensor rows_T = rows_of(edit, context);
      if (rows_T.defined()) places_TK = places_TK & rows_T.unsqueeze(1);
      routing.weight_TK = at::where(places_TK, routing.weight_TK * edit.value, routing.weight_TK);
    }
  }
}

}  // namespace conclave
