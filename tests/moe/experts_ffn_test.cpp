// Feed-forward banks against a loop over tokens and slots, and their gradients against finite differences.
#include "framework/moe/experts/ffn.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "experts_common.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

using testing::gradient_error;
using testing::loop_experts;
using testing::random_routing;

Tensor one_expert(const FfnExperts& bank, int64_t e, const Tensor& x_D) {
  Tensor h = at::mv(bank.w1_EFD[e], x_D);
  if (bank.b1_EF.defined()) h = h + bank.b1_EF[e];
  h = activate(bank.activation, h);
  if (bank.gated()) {
    const Tensor up = at::mv(bank.w3_EFD[e], x_D);
    h = h * (bank.b3_EF.defined() ? up + bank.b3_EF[e] : up);
  }
  const Tensor y = at::mv(bank.w2_EDF[e], h);
  return bank.b2_ED.defined() ? y + bank.b2_ED[e] : y;
}

Tensor loop(const FfnExperts& bank, const Tensor& x_TD, const Routing& routing) {
  return loop_experts(x_TD, routing, bank.count(), bank.w2_EDF.size(1),
                      [&](int64_t e, const Tensor& x_D) { return one_expert(bank, e, x_D); });
}

FfnExperts make(int64_t experts, int64_t width, const FfnOptions& options) {
  at::manual_seed(3);
  FfnExperts bank({width, experts}, options);
  if (options.bias) {
    bank.b1_EF.normal_();
    if (options.gated) bank.b3_EF.normal_();
    bank.b2_ED.normal_();
  }
  return bank;
}

void expect_close(const Tensor& got, const Tensor& want, double tolerance) {
  ASSERT_EQ(got.sizes(), want.sizes());
  ASSERT_EQ(got.scalar_type(), want.scalar_type());
  if (want.numel() > 0) {
    EXPECT_LE((got - want).abs().max().item<double>(), tolerance);
  }
}

TEST(FfnExperts, MatchesTheLoop) {
  for (const bool gated : {true, false}) {
    for (const bool bias : {true, false}) {
      for (const auto activation :
           {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu}) {
        auto bank = make(5, 12, {.hidden = 20, .activation = activation, .gated = gated, .bias = bias});
        const Tensor x = at::randn({9, 12});
        // Two null experts in the pool and some empty slots.
        const auto routing = random_routing(9, 3, 7, 11, 0.2);
        expect_close(bank.forward(x, routing, {}), loop(bank, x, routing), 1e-5);
      }
    }
  }
}

TEST(FfnExperts, SkewedLoadsAndEmptyExperts) {
  auto bank = make(4, 8, {.hidden = 16});
  const Tensor x = at::randn({40, 8});
  auto routing = random_routing(40, 2, 4, 1);
  routing.expert_TK.select(1, 0).fill_(2);
  routing.expert_TK.select(1, 1).fill_(-1);
  routing.weight_TK.select(1, 1).zero_();
  expect_close(bank.forward(x, routing, {}), loop(bank, x, routing), 1e-5);
}

TEST(FfnExperts, TheSameExpertTwiceCountsTwice) {
  auto bank = make(3, 8, {.hidden = 16});
  const Tensor x = at::randn({1, 8});
  Routing routing;
  routing.expert_TK = at::full({1, 2}, 1, at::kInt);
  routing.weight_TK = at::full({1, 2}, 0.5);
  expect_close(bank.forward(x, routing, {}), loop(bank, x, routing), 1e-6);
}

TEST(FfnExperts, NoTokensAndNoChoice) {
  auto bank = make(3, 8, {.hidden = 16});
  const auto none = bank.forward(at::empty({0, 8}), random_routing(0, 2, 3, 1), {});
  EXPECT_EQ(none.sizes(), (at::IntArrayRef{0, 8}));
  const auto unchosen = bank.forward(at::randn({4, 8}), random_routing(4, 2, 3, 1, 1.0), {});
  EXPECT_TRUE(at::equal(unchosen, at::zeros({4, 8})));
}

TEST(FfnExperts, RefusesMisshapenInput) {
  auto bank = make(3, 8, {.hidden = 16});
  auto routing = random_routing(4, 2, 3, 1);
  EXPECT_THROW(bank.forward(at::randn({4, 7}), routing, {}), Error);
  EXPECT_THROW(bank.forward(at::randn({5, 8}), routing, {}), Error);
  routing.expert_TK = routing.expert_TK.to(at::kLong);
  EXPECT_THROW(bank.forward(at::randn({4, 8}), routing, {}), Error);
}

TEST(FfnExperts, SlotsAreUnweightedAndZeroWhereEmpty) {
  auto bank = make(4, 6, {.hidden = 10});
  const Tensor x = at::randn({7, 6});
  const auto routing = random_routing(7, 3, 5, 5, 0.3);
  const Tensor slots = bank.slots(x, routing, {});
  ASSERT_EQ(slots.sizes(), (at::IntArrayRef{7, 3, 6}));
  for (int t = 0; t < 7; ++t) {
    for (int k = 0; k < 3; ++k) {
      const int id = routing.expert_TK[t][k].item<int>();
      const Tensor want = id < 0 || id >= 4 ? at::zeros({6}) : one_expert(bank, id, x[t]);
      expect_close(slots[t][k], want, 1e-5);
    }
  }
}

TEST(FfnExperts, GradientsMatchFiniteDifferences) {
  for (const bool gated : {true, false}) {
    auto bank = make(4, 5, {.hidden = 6, .activation = Activation::gelu, .gated = gated, .bias = true});
    to_dtype(bank, at::kDouble);
    Tensor x = at::randn({6, 5}, at::kDouble).set_requires_grad(true);
    auto routing = random_routing(6, 2, 3, 2, 0.2);  // expert 3 gets no rows
    routing.weight_TK = routing.weight_TK.to(at::kDouble).set_requires_grad(true);
    set_trainable(bank, true);
    const auto f = [&] { return bank.forward(x, routing, {}); };
    EXPECT_LT(gradient_error(x, f), 1e-8);
    EXPECT_LT(gradient_error(routing.weight_TK, f), 1e-8);
    for (auto& [name, tensor, kind] : named_parameters(bank))
      EXPECT_LT(gradient_error(tensor, f), 1e-8) << name;
    EXPECT_EQ(bank.w1_EFD.grad()[3].abs().max().item<double>(), 0);
    EXPECT_LT(gradient_error(x, [&] { return bank.slots(x, routing, {}); }), 1e-8);
  }
}

TEST(FfnExperts, FrozenWeightsGetNoGradient) {
  auto bank = make(3, 5, {.hidden = 6});
  Tensor x = at::randn({4, 5}).set_requires_grad(true);
  bank.w2_EDF.set_requires_grad(true);
  bank.forward(x, random_routing(4, 2, 3, 2), {}).sum().backward();
  EXPECT_TRUE(x.grad().defined());
  EXPECT_TRUE(bank.w2_EDF.grad().defined());
  EXPECT_FALSE(bank.w1_EFD.grad().defined());
}

TEST(FfnExperts, Bfloat16InputTakesFloat32Weights) {
  auto bank = make(4, 32, {.hidden = 64});
  const Tensor x = at::randn({10, 32});
  const auto routing = random_routing(10, 2, 4, 3);
  const Tensor want = bank.forward(x, routing, {});
  set_trainable(bank, true);
  const Tensor got = bank.forward(x.to(at::kBFloat16), routing, {});
  EXPECT_EQ(got.scalar_type(), at::kBFloat16);
  EXPECT_LT((got.to(at::kFloat) - want).norm().item<double>(), 0.02 * want.norm().item<double>());
  got.sum().backward();
  EXPECT_EQ(bank.w1_EFD.grad().scalar_type(), at::kFloat);
}

TEST(FfnExperts, AutocastKeepsTheInputsDtype) {
  auto bank = make(4, 32, {.hidden = 64});
  const Tensor x = at::randn({10, 32});
  const auto routing = random_routing(10, 2, 4, 3);
  const Tensor want = bank.forward(x, routing, {}),
               want_half = bank.forward(x.to(at::kBFloat16), routing, {});
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor got = bank.forward(x, routing, {}), got_half = bank.forward(x.to(at::kBFloat16), routing, {});
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_TRUE(at::equal(got, want));
  EXPECT_TRUE(at::equal(got_half, want_half));
}

TEST(FfnExperts, RepeatsBitForBit) {
  auto bank = make(8, 64, {.hidden = 96});
  const Tensor x = at::randn({50, 64});
  const auto routing = random_routing(50, 3, 8, 3);
  EXPECT_TRUE(at::equal(bank.forward(x, routing, {}), bank.forward(x, routing, {})));
}

TEST(FfnExperts, RemapCopiesAndMakesNew) {
  auto bank = make(3, 4, {.hidden = 5, .bias = true});
  set_trainable(bank, true);
  const Tensor old_w2 = bank.w2_EDF.detach().clone(), old_b1 = bank.b1_EF.detach().clone();
  bank.remap(std::vector<int>{2, 0, -1, 2});
  ASSERT_EQ(bank.count(), 4);
  EXPECT_TRUE(bank.w1_EFD.requires_grad() && bank.w1_EFD.is_leaf());
  EXPECT_TRUE(at::equal(bank.w2_EDF[0], old_w2[2]));
  EXPECT_TRUE(at::equal(bank.w2_EDF[1], old_w2[0]));
  EXPECT_TRUE(at::equal(bank.w2_EDF[3], old_w2[2]));
  EXPECT_TRUE(at::equal(bank.b1_EF[3], old_b1[2]));
  EXPECT_GT(bank.w2_EDF[2].abs().max().item<double>(), 0);
  EXPECT_THROW(bank.remap(std::vector<int>{4}), Error);
}

TEST(FfnExperts, FuseMixesWeightsDifferentiably) {
  auto bank = make(3, 4, {.hidden = 5});
  Tensor weight = at::tensor({0.0F, 1.0F, 0.0F, 0.5F, 0.25F, 0.25F}).view({2, 3}).set_requires_grad(true);
  const auto fused = std::dynamic_pointer_cast<FfnExperts>(bank.fuse(weight));
  ASSERT_EQ(fused->count(), 2);
  expect_close(fused->w1_EFD[0], bank.w1_EFD[1], 1e-7);
  expect_close(fused->w2_EDF[1], 0.5 * bank.w2_EDF[0] + 0.25 * (bank.w2_EDF[1] + bank.w2_EDF[2]), 1e-6);
  fused->w1_EFD.sum().backward();
  expect_close(weight.grad()[0], bank.w1_EFD.sum({1, 2}), 1e-4);
  EXPECT_THROW(bank.fuse(at::ones({1, 2})), Error);
}

TEST(FfnExperts, AffinityIsTheActivationNorm) {
  auto bank = make(3, 4, {.hidden = 5});
  const Tensor x = at::randn({2, 4});
  const Tensor affinity = bank.affinity(x);
  for (int t = 0; t < 2; ++t) {
    for (int e = 0; e < 3; ++e) {
      EXPECT_NEAR(affinity[t][e].item<float>(), at::mv(bank.w1_EFD[e], x[t]).norm().item<float>(), 1e-5);
    }
  }
}

TEST(MakeExperts, ReadsTheConfigurationAndNamesBadKeys) {
  const auto bank =
      make_experts(parse_json(R"({"kind":"ffn","hidden":7,"bias":true,"count":3})", "t"), {4, 3});
  const auto ffn = std::dynamic_pointer_cast<FfnExperts>(bank);
  ASSERT_TRUE(ffn);
  EXPECT_FALSE(ffn->gated());
  EXPECT_EQ(ffn->w2_EDF.sizes(), (at::IntArrayRef{3, 4, 7}));
  const auto fails_with = [](const char* text, const char* part) {
    try {
      make_experts(parse_json(text, "t"), {4, 3});
      ADD_FAILURE() << text << " was taken";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  fails_with(R"({"kind":"gated_fnn","hidden":7})", "gated_fnn");
  fails_with(R"({"kind":"gated_ffn"})", "hidden");
  fails_with(R"({"kind":"gated_ffn","hidden":"big"})", "hidden");
  fails_with(R"({"kind":"gated_ffn","hidden":7,"hiden":8})", "hiden");
  fails_with(R"({"kind":"gated_ffn","hidden":7,"activation":"swosh"})", "swosh");
}

}  // namespace
}  // namespace conclave
