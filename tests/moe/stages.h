/// What the tests of the router's stages share.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "framework/moe/router.h"
#include "framework/moe/routers/make.h"

namespace conclave::testing {

/// A state as the score stage leaves it.
inline RouteState scored(const Tensor& logits_UE) {
  RouteState state;
  state.x_UD = at::zeros({logits_UE.size(0), 1});
  state.routing.logits_TE = logits_UE;
  state.choice_UE = logits_UE.detach();
  return state;
}

inline TokenContext training() {
  TokenContext context;
  context.phase = Phase::train;
  return context;
}

/// Runs one select stage made from its configuration.
inline Routing select(RouteState state, const Json& config, const TokenContext& context = {}, int nulls = 0) {
  const int64_t pool = state.choice_UE.size(1);
  make_select(config, "select", {.width = 1, .experts = pool - nulls, .nulls = nulls})->run(state, context);
  return state.routing;
}

/// Ids of a row by falling value, ties to the lower id; -inf left out.
inline std::vector<int> falling(const Tensor& row_E) {
  const Tensor row = row_E.detach().contiguous();
  const float* value = row.const_data_ptr<float>();
  std::vector<int> ids(row.size(0));
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int i, int j) { return value[i] > value[j]; });
  std::erase_if(ids, [&](int i) { return value[i] == -INFINITY; });
  return ids;
}

/// The filled slots of a row.
inline std::vector<int> chosen(const Tensor& expert_UK, int64_t u) {
  std::vector<int> ids;
  for (int64_t k = 0; k < expert_UK.size(1); ++k)
    if (const int e = expert_UK[u][k].item<int>(); e >= 0) ids.push_back(e);
  return ids;
}

inline float value(const Tensor& t, int64_t i) {
  return t[i].item<float>();
}
inline float value(const Tensor& t, int64_t i, int64_t j) {
  return t[i][j].item<float>();
}

}  // namespace conclave::testing
