// The router's core against loops: linear score, modality pools, top-k, softmax weights, units, capacity.
#include "framework/moe/router.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "framework/base/error.h"
#include "framework/moe/routers/select/capacity.h"
#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routing_log.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Json linear_top_k(int k, const std::string& weigh = "softmax_selected") {
  return {{"select", {{"kind", "top_k"}, {"k", k}}}, {"weigh", weigh}};
}

// The ids of the k best of a row, ties to the lower id.
std::vector<int> best_of(const Tensor& row_E, int k) {
  std::vector<int> ids(row_E.size(0));
  std::iota(ids.begin(), ids.end(), 0);
  const auto a = row_E.accessor<float, 1>();
  std::stable_sort(ids.begin(), ids.end(), [&](int i, int j) { return a[i] > a[j]; });
  ids.resize(k);
  return ids;
}

TEST(Router, LinearTopKSoftmaxAgainstLoops) {
  at::manual_seed(1);
  const auto router = make_router(linear_top_k(3), {.width = 8, .experts = 10});
  const Tensor x_TD = at::randn({17, 8});
  const Tensor w_ED = named_tensors(*router).at(0).tensor;
  ASSERT_EQ(named_tensors(*router).at(0).name, "score.weight");
  const Routing r = router->route(x_TD, {});
  EXPECT_EQ(r.expert_TK.scalar_type(), at::kInt);
  EXPECT_FALSE(r.logits_TE.defined());
  EXPECT_FALSE(r.prob_TE.defined());
  const Tensor logits_TE = x_TD.matmul(w_ED.t());
  for (int t = 0; t < 17; ++t) {
    const auto ids = best_of(logits_TE[t].contiguous(), 3);
    double sum = 0;
    for (const int e : ids) sum += std::exp(logits_TE[t][e].item<double>());
    for (int k = 0; k < 3; ++k) {
      EXPECT_EQ(r.expert_TK[t][k].item<int>(), ids[k]);
      EXPECT_NEAR(r.weight_TK[t][k].item<double>(), std::exp(logits_TE[t][ids[k]].item<double>()) / sum,
                  1e-6);
    }
  }
}

TEST(Router, SoftmaxBeforeSelectionSumsBelowOne) {
  at::manual_seed(2);
  const auto router = make_router(linear_top_k(2, "softmax"), {.width = 4, .experts = 5});
  const Tensor x_TD = at::randn({6, 4});
  const Routing r = router->route(x_TD, {});
  const Tensor prob_TE = x_TD.matmul(named_tensors(*router)[0].tensor.t()).softmax(1);
  EXPECT_LT(max_difference(r.weight_TK, prob_TE.gather(1, r.expert_TK.to(at::kLong))), 1e-6);
}

TEST(Router, TiesGoToTheLowerIdAndNothingLeftIsEmpty) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor choice = at::tensor({1.f, 3.f, 3.f, 1.f, -inf, 2.f, -inf, nan}).view({2, 4});
  const Ranked ranked = rank_top_k(choice, 3);
  EXPECT_TRUE(at::equal(ranked.expert_UK, at::tensor({1, 2, 0, 1, -1, -1}, at::kInt).view({2, 3})));
  EXPECT_FALSE(ranked.full);
  EXPECT_TRUE(rank_top_k(choice.narrow(0, 0, 1), 4).full);
}

TEST(Router, InvalidTokensAndAnEmptyBatchGetNoExperts) {
  const auto router = make_router(linear_top_k(2), {.width = 4, .experts = 3});
  TokenContext context;
  context.valid_T = at::tensor({1, 0, 1}).to(at::kBool);
  const Routing r = router->route(at::randn({3, 4}), context);
  EXPECT_TRUE(at::equal(r.expert_TK[1], at::full({2}, -1, at::kInt)));
  EXPECT_EQ(r.weight_TK[1].abs().sum().item<float>(), 0);
  EXPECT_NEAR(r.weight_TK[0].sum().item<float>(), 1, 1e-6);
  context.valid_T = at::zeros({3}, at::kBool);
  EXPECT_TRUE((router->route(at::randn({3, 4}), context).expert_TK == -1).all().item<bool>());
  const Routing none = router->route(at::empty({0, 4}), {});
  EXPECT_EQ(none.tokens(), 0);
  EXPECT_EQ(none.slots(), 2);
}

TEST(Router, ComputesInFloat32WhateverTheActivationsAre) {
  at::manual_seed(3);
  const auto router = make_router(linear_top_k(2), {.width = 16, .experts = 8});
  const Tensor x = at::randn({32, 16}).to(at::kBFloat16);
  const Routing half = router->route(x, {}), full = router->route(x.to(at::kFloat), {});
  EXPECT_TRUE(at::equal(half.expert_TK, full.expert_TK));
  EXPECT_TRUE(at::equal(half.weight_TK, full.weight_TK));
}

TEST(Router, KeepsLogitsWhileTrainingOrWhenALogAsks) {
  const auto router = make_router(linear_top_k(2), {.width = 4, .experts = 3});
  TokenContext context;
  RoutingLog log;
  context.log = &log;
  EXPECT_FALSE(router->route(at::randn({3, 4}), context).logits_TE.defined());
  log.keep_logits = true;
  EXPECT_TRUE(router->route(at::randn({3, 4}), context).logits_TE.defined());
  context.log = nullptr;
  context.phase = Phase::train;
  const Routing r = router->route(at::randn({3, 4}), context);
  EXPECT_LT(max_difference(r.prob_TE, r.logits_TE.softmax(1)), 1e-6);
}

TEST(Router, GradientOfTheWeights) {
  at::manual_seed(4);
  for (const auto* weigh : {"softmax", "softmax_selected"}) {
    const auto router = make_router(linear_top_k(2, weigh), {.width = 4, .experts = 5});
    Tensor w_ED = named_tensors(*router)[0].tensor.normal_();
    w_ED.set_requires_grad(true);
    const Tensor x_TD = at::randn({6, 4}), pull_TK = at::randn({6, 2});
    TokenContext context;
    context.valid_T = at::tensor({1, 1, 0, 1, 1, 1}).to(at::kBool);
    testing::check_gradient([&] { return (router->route(x_TD, context).weight_TK * pull_TK).sum(); }, w_ED,
                            2e-3, 1e-3);
  }
}

TEST(ModalityPool, MoiieLayoutForAnyNumberOfExperts) {
  for (const int experts : {4, 8}) {
    Json config = linear_top_k(2);
    config["mask"] = {{"kind", "modality_pool"},
                      {"private", {{"vision", experts / 4}, {"text", experts / 4}}}};
    const auto router = make_router(config, {.width = 4, .experts = experts});
    TokenContext context;
    context.phase = Phase::train;
    context.modality_T = at::tensor({0, 1, 0, 1, 2, -1}, at::kLong);
    const Routing r = router->route(at::randn({6, 4}), context);
    for (int t = 0; t < 6; ++t) {
      const int m = context.modality_T[t].item<int>();
      for (int e = 0; e < experts; ++e) {
        const bool barred = (m == 1 && e >= experts * 3 / 4) || (m == 0 && e < experts / 4);
        EXPECT_EQ(r.allowed_TE[t][e].item<bool>(), !barred);
        EXPECT_EQ(r.prob_TE[t][e].item<float>() == 0, barred);
      }
      EXPECT_NEAR(r.prob_TE[t].sum().item<float>(), 1, 1e-6);
      for (int k = 0; k < 2; ++k) EXPECT_TRUE(r.allowed_TE[t][r.expert_TK[t][k].item<int>()].item<bool>());
    }
  }
}

TEST(ModalityPool, TextIsAssumedAndPoolsSmallerThanKLeaveEmptySlots) {
  Json config = linear_top_k(3);
  config["mask"] = {{"kind", "modality_pool"}, {"pools", {{"vision", {0, 1}}, {"text", {2}}}}};
  const auto router = make_router(config, {.width = 4, .experts = 3});
  const Routing r = router->route(at::randn({2, 4}), {});
  EXPECT_TRUE(at::equal(r.expert_TK, at::tensor({2, -1, -1, 2, -1, -1}, at::kInt).view({2, 3})));
  EXPECT_TRUE(at::equal(r.weight_TK, at::tensor({1.f, 0.f, 0.f, 1.f, 0.f, 0.f}).view({2, 3})));
}

// Slots kept by `queue`, an order of (unit, slot), when each expert takes `capacity`.
Tensor kept_by_loop(const Tensor& expert_UK, const std::vector<std::pair<int, int>>& queue, int capacity,
                    int experts) {
  std::vector<int> taken(experts);
  Tensor kept = expert_UK.clone();
  for (const auto& [u, k] : queue) {
    const int e = expert_UK[u][k].item<int>();
    if (e >= 0 && taken[e]++ >= capacity) kept[u][k] = -1;
  }
  return kept;
}

TEST(CapacityStage, AgainstLoops) {
  at::manual_seed(5);
  const int units = 13, experts = 4, slots = 2;
  RouteState fresh;
  fresh.x_UD = at::zeros({units, 1});
  fresh.routing.logits_TE = at::randn({units, experts});
  fresh.routing.logits_TE.select(1, 2) += 2;
  fresh.choice_UE = fresh.routing.logits_TE.masked_fill(at::eye(units, experts).to(at::kBool), -INFINITY);
  fresh.choice_UE[7].fill_(-INFINITY);
  for (const auto order : {Capacity::Order::position, Capacity::Order::probability, Capacity::Order::logit}) {
    RouteState state = fresh;
    TopK(slots).run(state, {});
    const Tensor before = state.routing.expert_TK;
    const Tensor value = state.at_slots(order == Capacity::Order::logit ? state.routing.logits_TE
                                                                        : state.routing.logits_TE.softmax(1));
    std::vector<std::pair<int, int>> queue;
    for (int u = 0; u < units; ++u)
      for (int k = 0; k < slots; ++k) queue.emplace_back(u, k);
    std::stable_sort(queue.begin(), queue.end(),
                     [&](const std::pair<int, int>& a, const std::pair<int, int>& b) {
                       if (order == Capacity::Order::position) return a.second < b.second;
                       return value[a.first][a.second].item<float>() > value[b.first][b.second].item<float>();
                     });
    Capacity capacity;
    capacity.eval_factor = 0.7;
    capacity.order = order;
    capacity.run(state, {});
    const int limit = 5;  // ceil(0.7 * 13 * 2 / 4)
    const Tensor expected = kept_by_loop(before, queue, limit, experts);
    EXPECT_TRUE(at::equal(state.routing.expert_TK, expected));
    for (int e = 0; e < experts; ++e)
      EXPECT_EQ(state.routing.dropped_E[e].item<int>(),
                (before == e).sum().item<int>() - (expected == e).sum().item<int>());
    EXPECT_GT(state.routing.dropped_E.sum().item<int>(), 0);
  }
}

TEST(CapacityStage, RenormalisesOverWhatIsLeft) {
  Json config = {{"select", {{{"kind", "top_k"}, {"k", 2}}, {{"kind", "capacity"}, {"factor", 0.5}}}},
                 {"weigh", "softmax_selected"}};
  const auto router = make_router(config, {.width = 4, .experts = 2});
  const Routing r = router->route(at::randn({8, 4}), {});
  EXPECT_EQ((r.expert_TK == 0).sum().item<int>(), 4);
  const Tensor sum_T = r.weight_TK.sum(1), any_T = (r.expert_TK >= 0).any(1).to(at::kFloat);
  EXPECT_LT(max_difference(sum_T, any_T), 1e-6);
}

TEST(MakeRouter, NamesTheKeyAndTheAlternatives) {
  const RouterShape shape{.width = 4, .experts = 4};
  const auto message = [&](const Json& config) -> std::string {
    try {
      make_router(config, shape);
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(message({{"select", {{"kind", "topk"}}}}).find("router.select.kind = \"topk\""),
            std::string::npos);
  EXPECT_NE(message({{"select", {{"kind", "topk"}}}}).find("top_k"), std::string::npos);
  EXPECT_NE(message({{"select", {{"kind", "top_k"}, {"k", 9}}}}).find("router.select.k = 9"),
            std::string::npos);
  EXPECT_NE(message({{"select", {{"kind", "top_k"}}}}).find("router.select.k"), std::string::npos);
  EXPECT_NE(message({{"select", {{{"kind", "top_k"}, {"k", 1}, {"K", 2}}}}}).find("router.select.0.K"),
            std::string::npos);
  EXPECT_NE(message({{"selector", 1}}).find("selector"), std::string::npos);
  EXPECT_NE(message(Json::object()).find("router.select"), std::string::npos);
  EXPECT_NE(message(linear_top_k(1, "soft")).find("softmax_selected"), std::string::npos);
}

}  // namespace
}  // namespace conclave
