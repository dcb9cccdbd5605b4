// Every kind of selection against loops written out here.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "framework/base/error.h"
#include "framework/moe/routers/select/bias_corrected.h"
#include "framework/moe/routers/select/sinkhorn.h"
#include "framework/moe/routers/select/slots.h"
#include "framework/moe/routers/select/sparse_mixer.h"
#include "moe/stages.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using namespace testing;

Tensor logits_of(int64_t units, int64_t experts, int seed = 1) {
  at::manual_seed(seed);
  return at::randn({units, experts}) * 2;
}

TEST(TopP, TakesOneMoreThanThoseBelowP) {
  const Tensor logits_UE = logits_of(40, 6);
  const Tensor prob_UE = logits_UE.softmax(1);
  for (const double p : {0.0, 0.3, 0.7, 0.95, 1.0}) {
    const Routing r = select(scored(logits_UE), {{"kind", "top_p"}, {"p", p}});
    size_t most = 0;
    for (int u = 0; u < 40; ++u) {
      const auto order = falling(prob_UE[u]);
      float mass = 0;
      size_t below = 0;
      for (const int e : order) below += (mass += value(prob_UE, u, e)) < p;
      const std::vector<int> expected(order.begin(), order.begin() + std::min<size_t>(1 + below, 6));
      EXPECT_EQ(chosen(r.expert_TK, u), expected);
      most = std::max(most, expected.size());
    }
    EXPECT_EQ(r.slots(), static_cast<int64_t>(most));
  }
}

TEST(TopP, NullExpertsTakeMassAndMasksHold) {
  // Expert 2 is a null: it is the best one and fills the mass alone.
  Tensor logits_UE = at::tensor({0.f, 1.f, 9.f}).view({1, 3});
  EXPECT_EQ(chosen(select(scored(logits_UE), {{"kind", "top_p"}, {"p", 0.7}}, {}, 1).expert_TK, 0),
            std::vector<int>{2});
  RouteState state = scored(logits_UE);
  state.allow(at::tensor({1, 1, 0}).to(at::kBool).unsqueeze(0));
  EXPECT_EQ(chosen(select(state, {{"kind", "top_p"}, {"p", 0.9}}).expert_TK, 0), (std::vector<int>{1, 0}));
  const auto config = Json{{"kind", "top_p"}, {"p", 1}, {"at_most", 2}};
  EXPECT_EQ(select(scored(logits_UE), config).slots(), 2);
}

TEST(Threshold, ChoosesWhatIsAboveIt) {
  const Tensor logits_UE = logits_of(30, 5);
  for (const bool sigmoid : {false, true}) {
    const Tensor score_UE = sigmoid ? logits_UE.sigmoid() : logits_UE.softmax(1);
    const Routing r = select(scored(logits_UE), {{"kind", "threshold"},
                                                 {"threshold", 0.4},
                                                 {"score", sigmoid ? "sigmoid" : "softmax"},
                                                 {"at_least", 1},
                                                 {"at_most", 3}});
    for (int u = 0; u < 30; ++u) {
      std::vector<int> expected;
      for (const int e : falling(logits_UE[u]))
        if (expected.size() < 3 && (expected.empty() || value(score_UE, u, e) > 0.4)) expected.push_back(e);
      EXPECT_EQ(chosen(r.expert_TK, u), expected);
    }
  }
  const Routing none =
      select(scored(at::zeros({2, 4})), {{"kind", "threshold"}, {"threshold", 0.9}, {"at_least", 0}});
  EXPECT_TRUE((none.expert_TK == -1).all().item<bool>());
}

TEST(ExpertChoice, EachExpertTakesItsBestUnits) {
  const int units = 14, experts = 4;
  RouteState state = scored(logits_of(units, experts));
  state.valid_U = at::ones({units}, at::kBool);
  state.valid_U[3].fill_(false);
  state.choice_UE[3].fill_(-INFINITY);
  const Tensor prob_UE = state.routing.logits_TE.softmax(1);
  const Routing r = select(state, {{"kind", "expert_choice"}, {"factor", 1.5}});
  std::vector<std::set<int>> of_unit(units);
  for (int e = 0; e < experts; ++e) {
    std::vector<int> order;
    for (const int u : falling(prob_UE.select(1, e)))
      if (u != 3) order.push_back(u);
    for (int i = 0; i < 5; ++i) of_unit[order[i]].insert(e);  // ceil(1.5 * 13 / 4)
  }
  size_t most = 0;
  for (int u = 0; u < units; ++u) {
    const auto got = chosen(r.expert_TK, u);
    EXPECT_EQ(std::set<int>(got.begin(), got.end()), of_unit[u]);
    for (size_t k = 1; k < got.size(); ++k)
      EXPECT_GE(value(prob_UE, u, got[k - 1]), value(prob_UE, u, got[k]));
    most = std::max(most, got.size());
  }
  EXPECT_EQ(r.slots(), static_cast<int64_t>(most));
}

TEST(ExpertChoice, CannotDecode) {
  TokenContext context;
  context.phase = Phase::decode;
  EXPECT_THROW(select(scored(logits_of(1, 4)), {{"kind", "expert_choice"}}, context), Error);
  EXPECT_EQ(select(scored(at::zeros({0, 4})), {{"kind", "expert_choice"}}).tokens(), 0);
}

TEST(GroupLimited, KeepsTheBestGroups) {
  const int units = 25, experts = 8, groups = 4;
  for (const std::string score : {"max", "top2_sum"}) {
    RouteState state = scored(logits_of(units, experts + 1));
    const Tensor logits_UE = state.routing.logits_TE;
    const Json config = {{"kind", "group_limited"}, {"groups", groups}, {"keep", 2}, {"score", score}};
    make_select(config, "select", {.width = 1, .experts = experts, .nulls = 1})->run(state, {});
    for (int u = 0; u < units; ++u) {
      Tensor of_group = at::empty({groups});
      for (int g = 0; g < groups; ++g) {
        const float a = value(logits_UE, u, 2 * g), b = value(logits_UE, u, 2 * g + 1);
        of_group[g] = score == "max" ? std::max(a, b) : a + b;
      }
      const auto best = falling(of_group);
      for (int e = 0; e < experts; ++e) {
        const bool kept = e / 2 == best[0] || e / 2 == best[1];
        EXPECT_EQ(std::isfinite(value(state.choice_UE, u, e)), kept);
      }
      EXPECT_TRUE(std::isfinite(value(state.choice_UE, u, experts)));  // the null expert
    }
    EXPECT_FALSE(state.routing.allowed_TE.defined());
  }
}

TEST(GroupLimited, MasksTiesAndForcedExperts) {
  // Group 0 has no expert left, group 1 one, group 2 two, group 3 ties with 2.
  RouteState state = scored(at::tensor({5.f, 5.f, 1.f, 5.f, .5f, .5f, .5f, .5f}).view({1, 8}));
  state.allow(at::tensor({0, 0, 1, 0, 1, 1, 1, 1}).to(at::kBool).unsqueeze(0));
  const Json config = {{"kind", "group_limited"}, {"groups", 4}, {"keep", 2}, {"score", "top2_sum"}};
  const auto stage = make_select(config, "select", {.width = 1, .experts = 8});
  RouteState tied = state;
  stage->run(tied, {});
  EXPECT_EQ(falling(tied.choice_UE[0]), (std::vector<int>{2, 4, 5}));
  state.choice_UE[0][7] = INFINITY;
  stage->run(state, {});
  EXPECT_EQ(falling(state.choice_UE[0]), (std::vector<int>{7, 2, 6}));
  EXPECT_THROW(make_select({{"kind", "group_limited"}, {"groups", 3}, {"keep", 1}}, "s", {.experts = 8}),
               UsageError);
}

TEST(BiasCorrected, MovesTheChoiceAndNotTheWeights) {
  const Json config = {{"select",
                        {{{"kind", "choose_by"}, {"score", "sigmoid"}},
                         {{"kind", "bias_corrected"}, {"rate", 0.25}},
                         {{"kind", "top_k"}, {"k", 1}}}},
                       {"weigh", "sigmoid"}};
  const auto router = make_router(config, {.width = 2, .experts = 2});
  auto tensors = named_tensors(*router);
  tensors[0].tensor.copy_(at::eye(2));
  ASSERT_EQ(tensors[1].name, "select.1.bias");
  EXPECT_EQ(tensors[1].kind, TensorKind::buffer);
  const Tensor x = at::tensor({1.f, 0.f}).view({1, 2});
  EXPECT_EQ(router->route(x, {}).expert_TK.item<int>(), 0);
  router->after_step({.count_E = at::tensor({10.f, 0.f}), .step = 1});
  EXPECT_TRUE(at::equal(tensors[1].tensor, at::tensor({-0.25f, 0.25f})));
  const Routing r = router->route(x, {});  // 0.731 - 0.25 < 0.5 + 0.25
  EXPECT_EQ(r.expert_TK.item<int>(), 1);
  EXPECT_NEAR(r.weight_TK.item<float>(), 0.5, 1e-6);
  router->after_step({.count_E = at::tensor({5.f, 5.f}), .step = 2});
  EXPECT_TRUE(at::equal(tensors[1].tensor, at::tensor({-0.25f, 0.25f})));
}

TEST(BiasCorrected, EvensTheLoadOut) {
  // One expert is everybody's favourite; after enough steps all get the same.
  at::manual_seed(3);
  const Tensor logits_UE = at::randn({600, 4}) + at::tensor({2.f, 0.f, 0.f, -1.f});
  BiasCorrected stage(4);
  stage.rate = 0.01;
  Tensor count_E;
  for (int step = 0; step < 600; ++step) {
    RouteState state = scored(logits_UE);
    stage.run(state, {});
    count_E = at::bincount(state.choice_UE.argmax(1), {}, 4).to(at::kFloat);
    stage.after_step({.count_E = count_E, .step = step});
  }
  EXPECT_LT((count_E / 150 - 1).abs().max().item<float>(), 0.1);
}

TEST(Gumbel, DrawsFromTheSoftmaxWhileTraining) {
  at::manual_seed(4);
  const Tensor logits_E = at::tensor({0.f, 1.f, -1.f});
  RouteState state = scored(logits_E.unsqueeze(0).expand({20000, 3}).contiguous());
  const auto stage = make_select("gumbel", "select", {.width = 1, .experts = 3});
  RouteState fixed = state;
  stage->run(fixed, {});
  EXPECT_TRUE(at::equal(fixed.choice_UE, state.choice_UE));
  stage->run(state, training());
  const Tensor share_E = at::bincount(state.choice_UE.argmax(1), {}, 3).to(at::kFloat) / 20000;
  EXPECT_LT(max_difference(share_E, logits_E.softmax(0)), 0.015);
}

TEST(Sinkhorn, PlanHasEqualShares) {
  const Tensor log_UE = logits_of(24, 6);
  const Tensor plan_UE = sinkhorn_log_plan(log_UE, 200).exp();
  EXPECT_LT(max_difference(plan_UE.sum(1), at::ones({24})), 1e-4);
  EXPECT_LT(max_difference(plan_UE.sum(0), at::full({6}, 4.0)), 1e-3);
  // It is the input scaled by rows and columns: all 2x2 cross ratios stay.
  const auto cross = [](const Tensor& l) { return l[0][0] - l[0][1] - l[1][0] + l[1][1]; };
  EXPECT_NEAR(cross(plan_UE.log()).item<float>(), cross(log_UE).item<float>(), 1e-3);
}

TEST(Sinkhorn, BalancesWhileTrainingAndLeavesMasksAlone) {
  at::manual_seed(5);
  RouteState state = scored(at::randn({400, 4}) * 0.5 + at::tensor({3.f, 0.f, 0.f, 0.f}));
  state.choice_UE[7].fill_(-INFINITY);
  state.allow(at::tensor({1, 1, 1, 0}).to(at::kBool).unsqueeze(0));
  const auto stage = make_select({{"kind", "sinkhorn"}, {"iterations", 50}}, "select", {.experts = 4});
  RouteState fixed = state;
  stage->run(fixed, {});
  EXPECT_TRUE(at::equal(fixed.choice_UE, state.choice_UE));
  stage->run(state, training());
  EXPECT_TRUE(state.choice_UE[7].isneginf().all().item<bool>());
  EXPECT_TRUE(state.choice_UE.select(1, 3).isneginf().all().item<bool>());
  EXPECT_FALSE(state.choice_UE.isnan().any().item<bool>());
  const Tensor count_E = at::bincount(state.choice_UE.argmax(1), {}, 4);
  for (int e = 0; e < 3; ++e) EXPECT_NEAR(value(count_E, e), 133, 40);
}

TEST(StickBreaking, SharesOfWhatIsLeft) {
  const Tensor logits_UE = logits_of(9, 5);
  for (const bool masked : {false, true}) {
    RouteState state = scored(logits_UE);
    const std::vector<bool> allowed = {true, !masked, true, true, !masked};
    if (masked) state.allow(at::tensor({1, 0, 1, 1, 0}).to(at::kBool).unsqueeze(0));
    make_select("stick_breaking", "select", {.experts = 5})->run(state, {});
    for (int u = 0; u < 9; ++u) {
      double left = 1;
      const int last = masked ? 3 : 4;
      for (int e = 0; e < 5; ++e) {
        const double share = 1 / (1 + std::exp(-value(logits_UE, u, e)));
        const double expected = !allowed[e] ? 0 : e == last ? left : left * share;
        EXPECT_NEAR(value(state.routing.prob_TE, u, e), expected, 1e-6);
        left -= expected;
      }
    }
  }
}

// One token of the mixer without noise, as the definition has it.
std::vector<std::pair<int, double>> mixed_by_loop(std::vector<double> s, int rounds, double jitter) {
  std::vector<bool> gone(s.size());
  std::vector<std::pair<int, double>> picks;
  for (int round = 0; round < rounds; ++round) {
    int best = -1;
    for (size_t e = 0; e < s.size(); ++e)
      if (!gone[e] && (best < 0 || s[e] > s[best])) best = static_cast<int>(e);
    double sum = 0;
    for (size_t e = 0; e < s.size(); ++e) {
      const double scale = std::max(std::abs(s[e]), std::abs(s[best]));
      if (!gone[e] && !((s[best] - s[e]) / scale > 2 * jitter)) sum += std::exp(s[e] - s[best]);
    }
    picks.emplace_back(best, 1 / sum);
    gone[best] = true;
  }
  return picks;
}

TEST(SparseMixer, RoundsAgainstLoops) {
  const Tensor logits_UE = logits_of(50, 5);
  for (const double jitter : {0.01, 0.3}) {
    const Routing fixed = select(scored(logits_UE), {{"kind", "sparse_mixer"}, {"k", 2}, {"jitter", jitter}});
    const Routing massed =
        select(scored(logits_UE), {{"kind", "sparse_mixer"}, {"p", 0.7}, {"jitter", jitter}});
    const Routing counted = select(scored(logits_UE), {{"kind", "top_p"}, {"p", 0.7}});
    EXPECT_TRUE(at::equal(massed.expert_TK, counted.expert_TK));
    for (int u = 0; u < 50; ++u) {
      std::vector<double> s;
      for (int e = 0; e < 5; ++e) s.push_back(value(logits_UE, u, e));
      const auto picks = mixed_by_loop(s, 5, jitter);
      for (const Routing* r : {&fixed, &massed}) {
        for (int k = 0; k < r->slots(); ++k) {
          const int e = r->expert_TK[u][k].item<int>();
          EXPECT_EQ(e, k < static_cast<int>(chosen(r->expert_TK, u).size()) ? picks[k].first : -1);
          EXPECT_NEAR(value(r->weight_TK, u, k), e < 0 ? 0 : picks[k].second, 1e-5);
        }
      }
    }
  }
}

TEST(SparseMixer, NoiseSamplesAndScalesButKeepsTheGradient) {
  Tensor logits_UE = at::tensor({1.f, 1.2f, 0.9f}).view({1, 3}).requires_grad_();
  const Tensor gumbel = at::tensor({0.f, 0.f, 5.f}).view({1, 3});
  const auto run = [&](double draw) {
    return mixer_round(logits_UE, logits_UE.detach(), 0.3, gumbel, at::full({1, 1}, draw));
  };
  const Tensor gate = logits_UE.detach().softmax(1);
  const MixerPick whole = run(0.8), third = run(0.2);
  EXPECT_EQ(whole.expert_U.item<int>(), 2);
  EXPECT_NEAR(whole.weight_U.item<float>(), value(gate, 0, 2), 1e-6);
  EXPECT_NEAR(third.weight_U.item<float>(), value(gate, 0, 2) * 0.3333, 1e-6);
  third.weight_U.sum().backward();
  const double g = value(gate, 0, 2);
  for (int e = 0; e < 3; ++e)
    EXPECT_NEAR(value(logits_UE.grad(), 0, e), g * ((e == 2) - value(gate, 0, e)), 1e-6);
  // The best expert keeps its whole weight whatever the draw.
  EXPECT_NEAR(mixer_round(logits_UE, logits_UE.detach(), 0.3, at::zeros({1, 3}), at::zeros({1, 1}))
                  .weight_U.item<float>(),
              value(gate, 0, 1), 1e-6);
}

TEST(SparseMixer, GradientAndMasks) {
  Tensor logits_UE = logits_of(4, 5).requires_grad_();
  const Tensor pull_UK = at::randn({4, 3});
  const Tensor allowed = at::tensor({1, 1, 0, 1, 0}).to(at::kBool).unsqueeze(0);
  const auto loss = [&] {
    RouteState state = scored(logits_UE);
    state.allow(allowed);
    // A wide jitter lets several experts share the softmax.
    const Routing r =
        select(state, {{"kind", "sparse_mixer"}, {"k", 3}, {"jitter", 1}, {"noise", false}}, training());
    EXPECT_EQ(chosen(r.expert_TK, 0).size(), 3u);
    return (r.weight_TK * pull_UK).sum();
  };
  check_gradient(loss, logits_UE, 2e-3, 1e-3);
  RouteState state = scored(logits_UE.detach());
  state.allow(allowed);
  const Routing r = select(state, {{"kind", "sparse_mixer"}, {"k", 4}});
  for (int u = 0; u < 4; ++u) {
    EXPECT_EQ(r.expert_TK[u][3].item<int>(), -1);
    EXPECT_EQ(value(r.weight_TK, u, 3), 0);
  }
}

TEST(Select, InvalidUnitsAndEmptyBatchesUnderEveryKind) {
  for (const Json& config : std::vector<Json>{{{"kind", "top_k"}, {"k", 2}},
                                              {{"kind", "top_p"}, {"p", 0.5}},
                                              {{"kind", "threshold"}, {"threshold", 0.1}},
                                              {{"kind", "expert_choice"}},
                                              {{"kind", "sparse_mixer"}, {"k", 2}},
                                              {{"kind", "sparse_mixer"}, {"p", 0.5}}}) {
    SCOPED_TRACE(config.dump());
    const auto router = make_router({{"select", config}}, {.width = 3, .experts = 4});
    TokenContext context = training();
    context.valid_T = at::tensor({0, 1, 0}).to(at::kBool);
    const Routing r = router->route(at::randn({3, 3}), context);
    EXPECT_EQ(chosen(r.expert_TK, 0).size() + chosen(r.expert_TK, 2).size(), 0u);
    EXPECT_GE(chosen(r.expert_TK, 1).size(), 1u);
    context.valid_T = at::zeros({3}, at::kBool);
    EXPECT_TRUE((router->route(at::randn({3, 3}), context).expert_TK == -1).all().item<bool>());
    context.valid_T = at::empty({0}, at::kBool);
    EXPECT_EQ(router->route(at::empty({0, 3}), context).tokens(), 0);
  }
}

TEST(Select, StagesThatChooseNothingAreAnError) {
  const auto router = make_router({{"select", "gumbel"}}, {.width = 3, .experts = 4});
  EXPECT_THROW(router->route(at::randn({3, 3}), {}), Error);
}

}  // namespace
}  // namespace conclave
