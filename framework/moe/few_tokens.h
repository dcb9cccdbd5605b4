/// The stages of common routers on a few tokens of inference, as plain loops. A token's routing is some
/// hundred multiply-adds; tensor operations between the stages would cost ten times as much as they do.
#pragma once

#include <optional>
#include <vector>

#include "framework/moe/router.h"
#include "framework/nn/path.h"

namespace conclave {

/// As many tokens go this way; more are quicker with tensors.
constexpr int64_t kFewTokens = 8;

/// What the stages hand on here: RouteState with plain arrays, row-major. Score stages fill logits_TE, mask
/// stages write -inf into choice_TE, a select stage fills expert_TK, weigh stages weight_TK.
struct FewTokens {
  const TokenContext& context;
  const float* x_TD;
  int64_t tokens, width;
  int64_t experts = 0;  ///< the pool, columns of logits_TE
  int64_t slots = 0;    ///< once selected
  std::vector<float> logits_TE = {}, choice_TE = {};
  std::vector<int32_t> expert_TK = {};
  std::vector<float> weight_TK = {};
  int64_t shared = 0;                        ///< shared experts that share the gate
  std::vector<float> shared_logits_TS = {};  ///< their logits, no columns of logits_TE
  std::vector<float> shared_TS = {};         ///< their weights, by a weigh stage

  /// Experts of token t that may be chosen, by falling choice, the lower id first where it is equal.
  std::vector<int32_t> ranked(int64_t t) const;
  /// How many of them, ranked so, reach the mass p of the softmax over the logits: 1 + #{cumulative
  /// probability < p}.
  int64_t count_for_mass(int64_t t, const std::vector<int32_t>& ranked, double p) const;
  /// Values of a [T] int64 tensor; null for any other.
  const int64_t* ids(const Tensor& id_T) const;
};

/// The router's decision; nothing when a stage, the context or the tensors are not made for it, and tensors
/// must do it. Choices are those of Router::route but for logits that differ by less than float32 rounding.
std::optional<Routing> route_few(const Router& router, const Tensor& x_TD, const TokenContext& context);

/// Adds gate[t] · path(x[t]) to y [T,D] in place, gate [T] or undefined (1), without tensors; false: not made
/// for it, and nothing is changed.
bool add_few(const Path& path, const Tensor& x_TD, const Tensor& gate_T, const Tensor& y_TD);

}  // namespace conclave
