#include "framework/moe/routers/score/per_task.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

Ptr<Router> router_of(int tasks) {
  at::manual_seed(1);
  return make_router(
      {{"score", {{"kind", "per_task"}, {"tasks", tasks}}}, {"select", {{"kind", "top_k"}, {"k", 1}}}},
      {.width = 4, .experts = 3});
}

TEST(PerTaskScore, AddsTheTasksOwnRows) {
  const auto router = router_of(2);
  auto& score = dynamic_cast<PerTaskScore&>(*router->score);
  score.change_KED.normal_();
  const Tensor x_TD = at::randn({5, 4});
  TokenContext context;
  context.phase = Phase::train;  // logits are kept
  context.task_T = at::tensor({0, 1, -1, 1, 0}, at::kLong);
  const auto routing = router->route(x_TD, context);
  for (int64_t t = 0; t < 5; ++t) {
    const int64_t task = context.task_T[t].item<int64_t>();
    const Tensor rows_ED = task < 0 ? score.weight : score.weight + score.change_KED[task];
    EXPECT_TRUE(at::allclose(routing.logits_TE[t], at::matmul(rows_ED, x_TD[t]), 1e-5, 1e-6)) << t;
  }
  context.task_T = Tensor();
  EXPECT_TRUE(
      at::allclose(router->route(x_TD, context).logits_TE, at::matmul(x_TD, score.weight.t()), 1e-5, 1e-6));
}

TEST(PerTaskScore, BeginsAlikeForAllTasks) {
  const auto router = router_of(3);
  const Tensor x_TD = at::randn({1, 4}).repeat({3, 1});
  TokenContext context;
  context.task_T = at::arange(3);
  const auto routing = router->route(x_TD, context);
  EXPECT_TRUE(routing.expert_TK.eq(routing.expert_TK[0]).all().item<bool>());
}

TEST(PerTaskScore, NeedsATask) {
  EXPECT_THROW(router_of(0), UsageError);
}

}  // namespace
}  // namespace conclave
