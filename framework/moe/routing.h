/// What a router decided: which experts see which token, and with which weight.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace conclave {

using at::Tensor;

/// T tokens (or U units), K slots a token, E experts, S shared experts, P paths.
/// Invariants:
///  1. expert_TK is int32; -1 marks an empty slot, whose weight is 0.
///  2. Slots fall by selection score; equal scores go to the lower expert id.
///  3. Null experts have ids at or above the bank's count(): they hold weight and are never run.
struct Routing {
  Tensor expert_TK;  ///< int32 [T,K]
  Tensor weight_TK;  ///< float32 [T,K], differentiable
  Tensor shared_TS;  ///< float32 [T,S], weights of the shared experts when they share the gate
  Tensor path_TP;    ///< float32 [T,P], weights of the MoE and of the dense path
  Tensor dropped_E;  ///< float32 [E], slots lost to capacity; undefined where there is no capacity
  // Kept when the context trains or a log asks for them; E counts the null experts here:
  Tensor chosen_TK;              ///< expert_TK before capacity; undefined where there is no capacity
  Tensor logits_TE;              ///< float32 [T,E], before masking
  Tensor prob_TE;                ///< float32 [T,E], probabilities over the allowed experts
  Tensor allowed_TE;             ///< bool [T,E], what the mask stages left; undefined means all
  std::vector<Routing> factors;  ///< product experts: one routing per factor

  int64_t tokens() const { return expert_TK.size(0); }
  int64_t slots() const { return expert_TK.size(1); }
};

/// A routing without tensors, for the trace and for banks that are not tensors (trees).
struct RoutingView {
  std::span<const int32_t> expert;  ///< tokens x slots
  std::span<const float> weight;    ///< tokens x slots
  int tokens = 0;
  int slots = 0;
};

}  // namespace conclave
