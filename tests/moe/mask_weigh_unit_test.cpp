// Masks, weights and units against loops.
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "moe/stages.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using namespace testing;

Tensor allowed_by(const Json& mask, const TokenContext& context, int units, int experts, int nulls = 0) {
  RouteState state = scored(at::randn({units, experts + nulls}));
  make_mask(mask, "mask", {.width = 1, .experts = experts, .nulls = nulls})->run(state, context);
  EXPECT_TRUE(at::equal(state.choice_UE.isneginf(), state.routing.allowed_TE.logical_not()));
  return state.routing.allowed_TE;
}

TEST(Mask, SeparateExpertsOfModalities) {
  TokenContext context;
  context.modality_T = at::tensor({0, 1, 3}, at::kLong);
  const Json mask = {{"kind", "modality_pool"}, {"pools", {{"text", {0}}, {"vision", {1, 2}}}}};
  const Tensor expected = at::tensor({1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1}).view({3, 4}).to(at::kBool);
  EXPECT_TRUE(at::equal(allowed_by(mask, context, 3, 3, 1), expected));
}

TEST(Mask, PrivateExpertsOfThreeModalities) {
  TokenContext context;
  context.modality_T = at::tensor({1, 2, 0}, at::kLong);
  const Json mask = {{"kind", "modality_pool"}, {"private", {{"vision", 1}, {"audio", 2}, {"text", 1}}}};
  // 0: vision; 1, 2: audio; 3, 4: shared; 5: text.
  const Tensor expected =
      at::tensor({1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1}).view({3, 6}).to(at::kBool);
  EXPECT_TRUE(at::equal(allowed_by(mask, context, 3, 6), expected));
}

TEST(Mask, WrongPoolsAreRefused) {
  const RouterShape shape{.width = 1, .experts = 4};
  for (const Json& mask :
       std::vector<Json>{{{"kind", "modality_pool"}},
                         {{"kind", "modality_pool"}, {"private", {{"vision", 3}, {"text", 2}}}},
                         {{"kind", "modality_pool"}, {"private", {{"vision", 4}, {"text", 0}}}},
                         {{"kind", "modality_pool"}, {"private", {{"smell", 1}}}},
                         {{"kind", "modality_pool"}, {"pools", {{"text", Json::array()}}}},
                         {{"kind", "modality_pool"}, {"pools", {{"text", {4}}}}},
                         {{"kind", "modality_pool"}, {"pools", {{"text", {0}}}}, {"private", {{"text", 1}}}},
                         {{"kind", "task_pool"}},
                         {{"kind", "task_pool"}, {"pools", {{0}, {-1}}}},
                         {{"kind", "dropped"}, {"rate", 2}},
                         "nothing"}) {
    SCOPED_TRACE(mask.dump());
    EXPECT_THROW(make_mask(mask, "mask", shape), UsageError);
  }
}

TEST(Mask, Tasks) {
  TokenContext context;
  const Json mask = {{"kind", "task_pool"}, {"pools", {{0, 1}, {2}}}};
  EXPECT_TRUE(allowed_by(mask, context, 2, 3).all().item<bool>());
  context.task_T = at::tensor({1, 0, 7}, at::kLong);
  const Tensor expected = at::tensor({0, 0, 1, 1, 1, 0, 1, 1, 1}).view({3, 3}).to(at::kBool);
  EXPECT_TRUE(at::equal(allowed_by(mask, context, 3, 3), expected));
}

TEST(Mask, DroppedExperts) {
  const Json mask = {{"kind", "dropped"}, {"experts", {1}}, {"rate", 0.5}};
  EXPECT_TRUE(at::equal(allowed_by(mask, {}, 2, 3)[0], at::tensor({1, 0, 1}).to(at::kBool)));
  at::manual_seed(1);
  int passes_with_0 = 0;
  for (int pass = 0; pass < 400; ++pass) {
    const Tensor allowed_E = allowed_by(mask, training(), 1, 3, 1)[0];
    EXPECT_FALSE(allowed_E[1].item<bool>());
    EXPECT_TRUE(allowed_E[3].item<bool>());
    EXPECT_TRUE(allowed_E[0].item<bool>() || allowed_E[2].item<bool>());
    passes_with_0 += allowed_E[0].item<bool>();
  }
  EXPECT_NEAR(passes_with_0, 400 * (0.5 + 0.25), 40);  // half, and when all would go
}

TEST(Mask, SeveralMasksNarrowTogether) {
  Json config = {
      {"mask", {{{"kind", "task_pool"}, {"pools", {{0, 1, 2}}}}, {{"kind", "dropped"}, {"experts", {1}}}}},
      {"select", {{"kind", "top_k"}, {"k", 3}}}};
  TokenContext context;
  context.task_T = at::zeros({1}, at::kLong);
  const Routing r = make_router(config, {.width = 2, .experts = 4})->route(at::randn({1, 2}), context);
  auto ids = chosen(r.expert_TK, 0);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, (std::vector<int>{0, 2}));
}

// A selected state: expert 3 of 4 is a null expert, the second token has an empty slot.
RouteState selected(const Tensor& logits_UE) {
  RouteState state = scored(logits_UE);
  state.routing.expert_TK = at::tensor({0, 3, 2, -1}, at::kInt).view({2, 2});
  return state;
}

void weigh(RouteState& state, const Json& config) {
  make_weigh(config, "weigh", {.width = 1, .experts = 3, .nulls = 1})->run(state, {});
}

TEST(Weigh, EachKindByHand) {
  const Tensor logits = at::tensor({.5f, -1.f, 2.f, 1.f, 0.f, .3f, -.7f, 1.f}).view({2, 4});
  const auto e = [&](int u, int i) { return std::exp(double{value(logits, u, i)}); };
  const auto sigmoid = [&](int u, int i) { return 1 / (1 + std::exp(-double{value(logits, u, i)})); };
  const double all0 = e(0, 0) + e(0, 1) + e(0, 2) + e(0, 3), all1 = e(1, 0) + e(1, 1) + e(1, 2) + e(1, 3);
  const auto expect = [&](const Json& chain, double a, double b, double c) {
    SCOPED_TRACE(chain.dump());
    for (const bool keep : {false, true}) {
      RouteState state = selected(logits);
      state.keep = keep;
      for (const Json& stage : chain) weigh(state, stage);
      EXPECT_NEAR(value(state.routing.weight_TK, 0, 0), a, 1e-6);
      EXPECT_NEAR(value(state.routing.weight_TK, 0, 1), b, 1e-6);
      EXPECT_NEAR(value(state.routing.weight_TK, 1, 0), c, 1e-6);
      EXPECT_EQ(value(state.routing.weight_TK, 1, 1), 0);
    }
  };
  const Json scale = {{"kind", "scale"}, {"by", 2.5}};
  expect({"softmax"}, e(0, 0) / all0, e(0, 3) / all0, e(1, 2) / all1);
  const double two = e(0, 0) + e(0, 3);
  expect({"softmax_selected"}, e(0, 0) / two, e(0, 3) / two, 1);
  expect({"softmax", "normalise"}, e(0, 0) / two, e(0, 3) / two, 1);
  expect({"sigmoid"}, sigmoid(0, 0), sigmoid(0, 3), sigmoid(1, 2));
  const double sum = sigmoid(0, 0) + sigmoid(0, 3);
  expect({"sigmoid", "normalise", scale}, 2.5 * sigmoid(0, 0) / sum, 2.5 * sigmoid(0, 3) / sum, 2.5);
  expect({"one"}, 1, 1, 1);
  const Json soft = {{"kind", "normalise"}, {"epsilon", 0.5}};
  expect({"one", soft}, 1 / 2.5, 1 / 2.5, 1 / 1.5);
  expect({"one", "given"}, 1, 1, 1);
}

TEST(Weigh, SigmoidProbabilitiesSumToOneOverTheAllowed) {
  RouteState state = selected(at::randn({2, 4}));
  state.keep = true;
  state.routing.allowed_TE = at::tensor({1, 0, 1, 1, 1, 1, 1, 1}).view({2, 4}).to(at::kBool);
  weigh(state, "sigmoid");
  EXPECT_LT(max_difference(state.routing.prob_TE.sum(1), at::ones({2})), 1e-6);
  EXPECT_EQ(value(state.routing.prob_TE, 0, 1), 0);
}

TEST(Weigh, SharedGateByHand) {
  const Tensor logits = at::randn({2, 4}), shared = at::randn({2, 2});
  RouteState state = selected(logits);
  state.shared_US = shared;
  weigh(state, "softmax_selected");
  const Tensor before = state.routing.weight_TK;
  weigh(state, "shared_gate");
  for (int u = 0; u < 2; ++u) {
    double routed = 0, all = 0;
    for (const int i : chosen(state.routing.expert_TK, u)) routed += std::exp(double{value(logits, u, i)});
    all = routed + std::exp(double{value(shared, u, 0)}) + std::exp(double{value(shared, u, 1)});
    for (int k = 0; k < 2; ++k) {
      EXPECT_NEAR(value(state.routing.weight_TK, u, k), value(before, u, k) * routed / all, 1e-6);
      EXPECT_NEAR(value(state.routing.shared_TS, u, k), std::exp(double{value(shared, u, k)}) / all, 1e-6);
    }
  }
}

TEST(Weigh, SharedGateWithoutAnyRoutedExpert) {
  RouteState state = selected(at::randn({2, 4}));
  state.routing.expert_TK.fill_(-1);
  state.shared_US = at::zeros({2, 2});
  weigh(state, "softmax");
  weigh(state, "shared_gate");
  EXPECT_EQ(state.routing.weight_TK.abs().sum().item<float>(), 0);
  EXPECT_LT(max_difference(state.routing.shared_TS, at::full({2, 2}, 0.5)), 1e-6);
}

TEST(Weigh, ChangingWhatIsNotThereIsAnError) {
  for (const Json& stage :
       std::vector<Json>{"normalise", "given", "shared_gate", {{"kind", "scale"}, {"by", 2}}}) {
    RouteState state = selected(at::randn({2, 4}));
    EXPECT_THROW(weigh(state, stage), Error);
  }
  EXPECT_THROW(make_weigh({{"kind", "scale"}}, "weigh", {}), UsageError);
}

TEST(Weigh, GradientOfEveryChain) {
  at::manual_seed(6);
  for (const Json& chain : std::vector<Json>{{"softmax"},
                                             {"softmax_selected"},
                                             {"sigmoid", "normalise", {{"kind", "scale"}, {"by", 2.5}}},
                                             {"softmax", "normalise", "shared_gate"}}) {
    SCOPED_TRACE(chain.dump());
    Tensor logits = at::randn({2, 4}).requires_grad_(), shared = at::randn({2, 2}).requires_grad_();
    const Tensor pull = at::randn({2, 2}), pull_shared = at::randn({2, 2});
    const auto loss = [&] {
      RouteState state = selected(logits);
      state.shared_US = shared;
      for (const Json& stage : chain) weigh(state, stage);
      Tensor sum = (state.routing.weight_TK * pull).sum();
      if (state.routing.shared_TS.defined()) sum = sum + (state.routing.shared_TS * pull_shared).sum();
      return sum;
    };
    check_gradient(loss, logits, 2e-3, 1e-3);
    if (chain.size() == 3 && chain[2] == "shared_gate") check_gradient(loss, shared, 2e-3, 1e-3);
  }
}

TEST(Weigh, TheRouterSplitsOffTheSharedLogits) {
  const auto router = make_router(
      {{"select", {{"kind", "top_p"}, {"p", 0.7}}}, {"weigh", {"softmax", "normalise", "shared_gate"}}},
      {.width = 3, .experts = 4, .nulls = 1, .shared = 2});
  const Tensor x_TD = at::randn({6, 3});
  const Routing r = router->route(x_TD, training());
  EXPECT_EQ(named_tensors(*router)[0].tensor.size(0), 7);
  EXPECT_EQ(r.logits_TE.size(1), 5);
  EXPECT_LT(max_difference(r.weight_TK.sum(1) + r.shared_TS.sum(1), at::ones({6})), 1e-5);
}

TEST(Unit, SequencesRouteTogetherByTheirMean) {
  at::manual_seed(7);
  const Json config = {{"unit", "sequence"}, {"select", {{"kind", "top_k"}, {"k", 2}}}};
  const auto router = make_router(config, {.width = 3, .experts = 4});
  const Tensor x_TD = at::randn({6, 3}), w_ED = named_tensors(*router)[0].tensor;
  TokenContext context = training();
  context.sequence_T = at::tensor({5, 2, 5, 2, 5, 9}, at::kLong);
  context.valid_T = at::tensor({1, 1, 1, 1, 0, 0}).to(at::kBool);
  const Routing r = router->route(x_TD, context);
  const std::vector<std::vector<int>> rows = {{0, 2}, {1, 3}};
  for (const auto& members : rows) {
    const Tensor logits_E = w_ED.matmul((x_TD[members[0]] + x_TD[members[1]]) / 2);
    const auto best = falling(logits_E);
    for (const int t : members) {
      EXPECT_EQ(chosen(r.expert_TK, t), (std::vector<int>{best[0], best[1]}));
      EXPECT_LT(max_difference(r.logits_TE[t], logits_E), 1e-5);
    }
  }
  EXPECT_TRUE(chosen(r.expert_TK, 4).empty());
  EXPECT_TRUE(chosen(r.expert_TK, 5).empty());
  context.phase = Phase::decode;
  EXPECT_THROW(router->route(x_TD, context), Error);
  context.phase = Phase::score;
  context.sequence_T = Tensor();
  EXPECT_THROW(router->route(x_TD, context), Error);
}

TEST(Unit, UnitsOfDifferentSequencesStayApartAndKeepTheirModality) {
  Json config = {{"unit", "unit"},
                 {"mask", {{"kind", "modality_pool"}, {"pools", {{"text", {0}}, {"vision", {1}}}}}},
                 {"select", {{"kind", "top_k"}, {"k", 1}}}};
  const auto router = make_router(config, {.width = 3, .experts = 2});
  TokenContext context = training();
  context.sequence_T = at::tensor({0, 0, 1, 1}, at::kLong);
  context.unit_T = at::tensor({0, 0, 0, 0}, at::kLong);
  context.modality_T = at::tensor({0, 0, 1, 1}, at::kLong);
  const Tensor x_TD = at::randn({4, 3});
  const Routing r = router->route(x_TD, context);
  EXPECT_TRUE(at::equal(r.expert_TK.view(-1), at::tensor({0, 0, 1, 1}, at::kInt)));
  EXPECT_TRUE(at::equal(r.logits_TE[0], r.logits_TE[1]));
  EXPECT_FALSE(at::equal(r.logits_TE[1], r.logits_TE[2]));
  context = {};
  context.unit_T = at::empty({0}, at::kLong);
  EXPECT_EQ(router->route(at::empty({0, 3}), context).tokens(), 0);
}

}  // namespace
}  // namespace conclave
