// Every kind of score against its formula, and gradients by differences.
#include "framework/moe/routers/score/prototype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "framework/base/error.h"
#include "framework/moe/experts.h"
#include "framework/moe/routers/score/hash.h"
#include "moe/stages.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using namespace testing;

constexpr int kWidth = 4, kExperts = 3;
const RouterShape kShape{.width = kWidth, .experts = kExperts};

Ptr<Stage> score_of(const Json& config) {
  auto stage = make_score(config, "score", kShape);
  // Fresh router weights are small; larger ones make the tests see more.
  for (auto& t : named_tensors(*stage)) t.tensor.normal_();
  return stage;
}

Tensor logits(Stage& stage, const Tensor& x_TD, const TokenContext& context = {}) {
  RouteState state;
  state.x_UD = x_TD;
  stage.run(state, context);
  return state.routing.logits_TE;
}

std::map<std::string, Tensor> tensors(Stage& stage) {
  std::map<std::string, Tensor> found;
  for (auto& t : named_tensors(stage)) found[t.name] = t.tensor;
  return found;
}

TEST(Score, GradientOfEveryTrainedKind) {
  at::manual_seed(1);
  for (const Json& config : std::vector<Json>{
           {{"kind", "linear"}, {"bias", true}},
           {{"kind", "cosine"}, {"dim", 2}, {"temperature", 0.5}},
           "cosine",
           {{"kind", "mlp"}, {"hidden", 5}, {"activation", "silu"}},
           {{"kind", "prototype"}, {"temperature", 2}},
           {{"kind", "recurrent"}, {"hidden", 3}},
           "attention",
           "noisy",
           {{"kind", "per_modality"}, {"scores", {{"text", "linear"}, {"vision", "linear"}}}}}) {
    SCOPED_TRACE(config.dump());
    const auto stage = score_of(config);
    const Tensor x_TD = at::randn({5, kWidth}), pull_TE = at::randn({5, kExperts});
    set_trainable(*stage, true);
    const auto loss = [&] {
      Carry carry;
      TokenContext context = training();
      context.carry = &carry;
      context.modality_T = at::tensor({0, 1, 1, 0, -1}, at::kLong);
      at::manual_seed(9);  // the same noise in every call
      return (logits(*stage, x_TD, context) * pull_TE).sum();
    };
    for (auto& [name, leaf] : tensors(*stage)) {
      SCOPED_TRACE(name);
      check_gradient(loss, leaf, 2e-2, 3e-3);
    }
  }
}

TEST(Score, CosineAgainstLoops) {
  at::manual_seed(2);
  const auto stage = score_of({{"kind", "cosine"}, {"dim", 2}});
  auto parts = tensors(*stage);
  parts["log_temperature"].fill_(std::log(0.2));
  const Tensor x_TD = at::randn({6, kWidth});
  const Tensor got = logits(*stage, x_TD), z = x_TD.matmul(parts["project"].t()), e = parts["embed"];
  for (int t = 0; t < 6; ++t)
    for (int i = 0; i < kExperts; ++i) {
      const double dot = value(z, t, 0) * value(e, i, 0) + value(z, t, 1) * value(e, i, 1);
      const double lengths =
          std::hypot(value(z, t, 0), value(z, t, 1)) * std::hypot(value(e, i, 0), value(e, i, 1));
      EXPECT_NEAR(value(got, t, i), dot / lengths / 0.2, 1e-4);
    }
}

TEST(Score, MlpAgainstItsFormula) {
  const auto stage = score_of({{"kind", "mlp"}, {"hidden", 5}});
  auto p = tensors(*stage);
  const Tensor x_TD = at::randn({6, kWidth});
  const Tensor expected =
      (x_TD.matmul(p["fc1.weight"].t()) + p["fc1.bias"]).relu().matmul(p["fc2.weight"].t()) + p["fc2.bias"];
  EXPECT_LT(max_difference(logits(*stage, x_TD), expected), 1e-5);
}

TEST(Score, AttentionAgainstLoops) {
  const auto stage = score_of("attention");
  const Tensor x_TD = at::randn({4, kWidth});
  const Tensor qkv = x_TD.matmul(tensors(*stage)["weight"].t());
  const Tensor got = logits(*stage, x_TD);
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < kExperts; ++i) {
      double sum = 0, mixed = 0;
      for (int j = 0; j < kExperts; ++j) {
        const double a = std::exp(value(qkv, t, i) * value(qkv, t, kExperts + j));
        sum += a;
        mixed += a * value(qkv, t, 2 * kExperts + j);
      }
      EXPECT_NEAR(value(got, t, i), mixed / sum, 1e-4);
    }
}

TEST(Score, PrototypesAreNearestFirst) {
  const auto stage = score_of("prototype");
  const Tensor x_TD = at::randn({6, kWidth}), c_ED = tensors(*stage)["center"];
  const Tensor got = logits(*stage, x_TD);
  for (int t = 0; t < 6; ++t)
    for (int e = 0; e < kExperts; ++e)
      EXPECT_NEAR(value(got, t, e), -(x_TD[t] - c_ED[e]).square().sum().item<float>(), 1e-4);
}

TEST(Score, PrototypesFollowTheirUnitsByKMeans) {
  PrototypeScore stage;
  stage.kmeans = true;
  stage.decay = 0.5;
  stage.center_ED = at::tensor({0.f, 10.f, 100.f}).view({3, 1});
  EXPECT_EQ(named_tensors(stage)[0].kind, TensorKind::buffer);
  RouteState state;
  state.x_UD = at::tensor({1.f, 3.f, 12.f, 11.f}).view({4, 1});
  state.valid_U = at::tensor({1, 1, 1, 0}).to(at::kBool);
  stage.run(state, {});
  stage.after_step({});
  EXPECT_EQ(stage.center_ED[0].item<float>(), 0);  // only training moves them
  stage.run(state, training());
  stage.after_step({});
  EXPECT_TRUE(at::allclose(stage.center_ED.view(-1), at::tensor({1.f, 11.f, 100.f})));
  stage.after_step({});
  EXPECT_TRUE(at::allclose(stage.center_ED.view(-1), at::tensor({1.f, 11.f, 100.f})));
}

TEST(Score, RecurrentStateTravelsBetweenLayers) {
  const auto stage = score_of({{"kind", "recurrent"}, {"hidden", 3}});
  auto p = tensors(*stage);
  const Tensor x_TD = at::randn({5, kWidth});
  Carry carry;
  TokenContext context;
  EXPECT_THROW(logits(*stage, x_TD, context), Error);
  context.carry = &carry;
  Tensor h = at::zeros({5, 3});
  for (int layer = 0; layer < 3; ++layer) {
    const Tensor in = x_TD.matmul(p["project.weight"].t());
    const Tensor a = in.matmul(p["gru.weight_ih"].t()) + p["gru.bias_ih"];
    const Tensor b = h.matmul(p["gru.weight_hh"].t()) + p["gru.bias_hh"];
    const auto ai = a.chunk(3, 1), bi = b.chunk(3, 1);
    const Tensor reset = (ai[0] + bi[0]).sigmoid(), update = (ai[1] + bi[1]).sigmoid();
    h = (1 - update) * (ai[2] + reset * bi[2]).tanh() + update * h;
    EXPECT_LT(max_difference(logits(*stage, x_TD, context), h.matmul(p["weight"].t())), 1e-5);
  }
  EXPECT_THROW(logits(*stage, at::randn({4, kWidth}), context), Error);
}

TEST(Score, RandomIsFrozenAndComesFromItsSeed) {
  const auto a = make_score({{"kind", "random"}, {"seed", 5}}, "score", kShape);
  const auto b = make_score({{"kind", "random"}, {"seed", 5}}, "score", kShape);
  const auto c = make_score({{"kind", "random"}, {"seed", 6}}, "score", kShape);
  EXPECT_TRUE(named_parameters(*a).empty());
  EXPECT_TRUE(at::equal(tensors(*a)["weight"], tensors(*b)["weight"]));
  EXPECT_FALSE(at::equal(tensors(*a)["weight"], tensors(*c)["weight"]));
}

TEST(Score, HashIsAFunctionOfTheIdAndEvenlySpread) {
  const auto router = make_router({{"score", "hash"}, {"select", {{"kind", "top_k"}, {"k", 2}}}},
                                  {.width = kWidth, .experts = 4});
  TokenContext context;
  context.token_T = at::arange(4000, at::kLong);
  const Routing r = router->route(at::randn({4000, kWidth}), context);
  const Routing again = router->route(at::randn({4000, kWidth}), context);
  EXPECT_TRUE(at::equal(r.expert_TK, again.expert_TK));
  EXPECT_LT(max_difference(r.weight_TK, at::full({4000, 2}, 0.5)), 1e-6);
  EXPECT_TRUE((r.expert_TK.select(1, 0) != r.expert_TK.select(1, 1)).all().item<bool>());
  const Tensor count = at::bincount(r.expert_TK.reshape(-1).to(at::kLong), {}, 4);
  for (int e = 0; e < 4; ++e) EXPECT_NEAR(value(count, e), 2000, 150);
  for (int t = 0; t < 20; ++t) {
    Tensor score = at::empty({4});
    for (int e = 0; e < 4; ++e) score[e] = hash_score(0, t, e);
    const auto best = falling(score);
    EXPECT_EQ(chosen(r.expert_TK, t), (std::vector<int>{best[0], best[1]}));
  }
  EXPECT_THROW(router->route(at::randn({1, kWidth}), {}), Error);
}

TEST(Score, NoiseActsInTrainingAlone) {
  const auto stage = score_of("noisy");
  auto p = tensors(*stage);
  const Tensor x_TD = at::randn({1, kWidth}).expand({20000, kWidth});
  const Tensor clean = logits(*stage, x_TD);
  EXPECT_LT(max_difference(clean[0], x_TD[0].matmul(p["weight"].t())), 1e-5);
  const Tensor noise = logits(*stage, x_TD, training()) - clean;
  const Tensor std = at::softplus(x_TD[0].matmul(p["noise"].t()));
  EXPECT_LT(max_difference(noise.std(0) / std, at::ones({kExperts})), 0.03);
  EXPECT_LT(max_difference(noise.mean(0) / std, at::zeros({kExperts})), 0.03);
}

TEST(Score, JitterScalesTheInputInTrainingAlone) {
  const auto stage = score_of({{"kind", "jitter"}, {"epsilon", 0.1}, {"score", "linear"}});
  ASSERT_EQ(named_tensors(*stage)[0].name, "weight");
  tensors(*stage)["weight"].copy_(at::eye(kExperts, kWidth));
  RouteState state;
  state.x_UD = at::ones({1000, kWidth});
  const Tensor before = state.x_UD;
  stage->run(state, training());
  const Tensor got = state.routing.logits_TE;
  EXPECT_TRUE(state.x_UD.is_same(before));
  EXPECT_GE(got.min().item<float>(), 0.9f);
  EXPECT_LE(got.max().item<float>(), 1.1f);
  EXPECT_GT(got.std().item<float>(), 0.05f);
  EXPECT_LT(max_difference(logits(*stage, before), at::ones({1000, kExperts})), 1e-6);
}

TEST(Score, PerModalityPicksRows) {
  const auto stage =
      score_of({{"kind", "per_modality"}, {"scores", {{"vision", "linear"}, {"text", "linear"}}}});
  auto p = tensors(*stage);
  const Tensor x_TD = at::randn({4, kWidth});
  TokenContext context;
  context.modality_T = at::tensor({1, 0, -1, 2}, at::kLong);
  const Tensor got = logits(*stage, x_TD, context);
  for (int t = 0; t < 4; ++t) {
    const Tensor w = p[t == 1 ? "text.weight" : "vision.weight"];
    EXPECT_LT(max_difference(got[t], w.matmul(x_TD[t])), 1e-5);
  }
}

struct Selfish : Experts {
  int64_t count() const override { return kExperts; }
  Tensor forward(const Tensor& x, const Routing&, const TokenContext&) override { return x; }
  Tensor affinity(const Tensor& x_TD) const override { return x_TD.narrow(1, 0, kExperts) * 2; }
  void visit(Visitor&) override {}
};

TEST(Score, AffinityAsksTheBank) {
  const auto router = make_router({{"score", "affinity"}, {"select", {{"kind", "top_k"}, {"k", 1}}}}, kShape);
  const Tensor x_TD = at::randn({5, kWidth});
  const Selfish bank;
  const Routing r = router->route(x_TD, {}, &bank);
  EXPECT_TRUE(at::equal(r.expert_TK.select(1, 0).to(at::kLong), x_TD.narrow(1, 0, kExperts).argmax(1)));
  EXPECT_THROW(router->route(x_TD, {}), Error);
  EXPECT_THROW(make_score("affinity", "score", {.width = kWidth, .experts = 3, .nulls = 1}), UsageError);
}

}  // namespace
}  // namespace conclave
