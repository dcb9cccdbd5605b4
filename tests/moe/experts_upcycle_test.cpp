// A bank made from a dense FFN gives what the dense FFN gave.
#include "framework/moe/experts/upcycle.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experts_common.h"
#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;
using testing::random_routing;

struct Upcycle : ::testing::Test {
  Upcycle() {
    at::manual_seed(7);
    for (Linear* part : {&gated.gate_proj, &gated.up_proj, &gated.down_proj, &plain.fc1, &plain.fc2}) {
      part->weight.normal_();
      part->bias.normal_();
    }
    routing.weight_TK = routing.weight_TK / routing.weight_TK.sum(1, true);
  }
  GatedFfn gated{6, 12, Activation::silu, true};
  PlainFfn plain{6, 12, Activation::gelu, true};
  Tensor x = at::randn({5, 6});
  Routing routing = random_routing(5, 2, 4, 9);
};

TEST_F(Upcycle, CopiesGiveTheDenseOutputWhateverTheRouting) {
  EXPECT_LT(max_difference(upcycle(gated, {.experts = 4})->forward(x, routing, {}), gated.forward(x, {})),
            1e-4);
  EXPECT_LT(max_difference(upcycle(plain, {.experts = 4})->forward(x, routing, {}), plain.forward(x, {})),
            1e-4);
}

TEST_F(Upcycle, AWholeSetOfFinerExpertsGivesTheDenseOutput) {
  const auto bank = upcycle(gated, {.experts = 6, .split = 3});
  EXPECT_EQ(bank->w1_EFD.sizes(), (at::IntArrayRef{6, 4, 6}));
  Routing set;
  set.expert_TK = at::tensor({0, 4, 2}, at::kInt).expand({5, 3}).contiguous();  // parts 0, 1, 2
  set.weight_TK = at::full({5, 3}, 1.0 / 3);
  EXPECT_LT(max_difference(bank->forward(x, set, {}), gated.forward(x, {})), 1e-4);
  const auto unscaled = upcycle(plain, {.experts = 3, .split = 3, .scale = 1});
  set.expert_TK = at::tensor({2, 0, 1}, at::kInt).expand({5, 3}).contiguous();
  set.weight_TK.fill_(1);
  EXPECT_LT(max_difference(unscaled->forward(x, set, {}), plain.forward(x, {})), 1e-4);
}

TEST_F(Upcycle, NoiseAndReinitSetTheCopiesApart) {
  const auto noisy = upcycle(gated, {.experts = 3, .noise = 0.1, .seed = 5});
  EXPECT_GT(max_difference(noisy->w1_EFD[0], noisy->w1_EFD[1]), 0);
  const double deviation = (noisy->w1_EFD[0] - gated.gate_proj.weight).std().item<double>();
  EXPECT_NEAR(deviation, 0.1 * gated.gate_proj.weight.std().item<double>(), 0.03);
  EXPECT_TRUE(at::equal(noisy->w2_EDF, upcycle(gated, {.experts = 3, .noise = 0.1, .seed = 5})->w2_EDF));

  const auto drawn = upcycle(gated, {.experts = 2, .reinit = 0.25});
  for (int e = 0; e < 2; ++e) {
    const Tensor changed = (drawn->w1_EFD[e] != gated.gate_proj.weight).any(1);
    EXPECT_EQ(changed.sum().item<int>(), 3);  // a quarter of 12 units, the same in all three weights
    EXPECT_TRUE(at::equal((drawn->w3_EFD[e] != gated.up_proj.weight).any(1), changed));
    EXPECT_TRUE(at::equal((drawn->w2_EDF[e] != gated.down_proj.weight).any(0), changed));
  }
}

TEST_F(Upcycle, DoesNotTouchTheDenseWeights) {
  const auto bank = upcycle(gated, {.experts = 1});
  bank->w1_EFD.zero_();
  bank->b2_ED.zero_();
  EXPECT_GT(gated.gate_proj.weight.abs().sum().item<double>(), 0);
  EXPECT_GT(gated.down_proj.bias.abs().sum().item<double>(), 0);
}

TEST_F(Upcycle, RefusesWhatDoesNotDivide) {
  EXPECT_THROW(upcycle(gated, {.experts = 4, .split = 3}), UsageError);
  EXPECT_THROW(upcycle(gated, {.experts = 5, .split = 5}), UsageError);
  EXPECT_THROW(upcycle(gated, {.experts = 2, .reinit = 1.5}), UsageError);
}

}  // namespace
}  // namespace conclave
