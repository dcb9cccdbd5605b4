/// The stages of common routers on a few tokens of inference, as plain loops. A token's routing is some
/// hundred multiply-adds; tensor operations between the stages would cost ten times as much as they do.
#pragma once

#include <optional>
#include <vector>

#include "framework/moe/router.h"

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

  /// Values of a [T] int64 tensor; null for any other.
  const int64_t* ids(const Tensor& id_T) const;
};

/// The router's decision; nothing when a stage, the context or the tensors are not made for it, and tensors
/// must do it. Choices are those of Router::route but for logits that differ by less than float32 rounding.
std::optional<Routing> route_few(const Router& router, const Tensor& x_TD, const TokenContext& context);

}  // namespace conclave
