// LoRA experts against the full weights W + s B A, token by token.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experts_common.h"
#include "framework/base/error.h"
#include "framework/moe/experts/lora_ffn.h"
#include "framework/moe/experts/lora_ranks.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::gradient_error;
using testing::loop_experts;
using testing::max_difference;
using testing::random_routing;

// y = (W + s B A) x + b, with the product formed: what the bank never does.
Tensor adapted(const Linear& shared, const Ptr<LowRankBank>& own, int64_t e, const Tensor& x) {
  Tensor w = shared.weight;
  if (own) w = w + own->scale * at::mm(own->b_EOR[e], own->a_ERI[e]);
  const Tensor y = at::mv(w, x);
  return shared.bias.defined() ? y + shared.bias : y;
}

struct LoraFfn : ::testing::Test {
  LoraFfn() {
    at::manual_seed(4);
    for (Linear* part : {&gated->gate_proj, &gated->up_proj, &gated->down_proj, &plain->fc1, &plain->fc2}) {
      part->bias.normal_();
    }
  }
  static void fill(LoraFfnExperts& bank) {
    for (const auto& pair : {bank.gate, bank.up, bank.down}) {
      if (pair) pair->b_EOR.normal_();
    }
  }
  Tensor gated_expert(const LoraFfnExperts& bank, int64_t e, const Tensor& x) const {
    const Tensor h =
        at::silu(adapted(gated->gate_proj, bank.gate, e, x)) * adapted(gated->up_proj, bank.up, e, x);
    return adapted(gated->down_proj, bank.down, e, h);
  }

  Ptr<GatedFfn> gated = std::make_shared<GatedFfn>(10, 14, Activation::silu, true);
  Ptr<PlainFfn> plain = std::make_shared<PlainFfn>(10, 14, Activation::gelu, true);
  LoraOptions options{.rank = 3, .alpha = 6};
  Tensor x = at::randn({9, 10});
  Routing routing = random_routing(9, 2, 5, 8, 0.2);  // id 4 is a null expert
};

TEST_F(LoraFfn, MatchesTheFormedWeights) {
  for (const LoraTargets targets :
       {LoraTargets{}, {true, false, false}, {false, true, false}, {false, false, true}}) {
    LoraFfnExperts bank(gated, 4, options, targets);
    fill(bank);
    const Tensor want = loop_experts(
        x, routing, 4, 10, [&](int64_t e, const Tensor& row) { return gated_expert(bank, e, row); });
    EXPECT_LT(max_difference(bank.forward(x, routing, {}), want), 1e-5);
  }
}

TEST_F(LoraFfn, PlainBase) {
  LoraFfnExperts bank(plain, 4, options);
  fill(bank);
  EXPECT_FALSE(bank.gate);
  const Tensor want = loop_experts(x, routing, 4, 10, [&](int64_t e, const Tensor& row) {
    return adapted(plain->fc2, bank.down, e, at::gelu(adapted(plain->fc1, bank.up, e, row)));
  });
  EXPECT_LT(max_difference(bank.forward(x, routing, {}), want), 1e-5);
}

// LLaVA-MoLE: each projection adds what its pairs give for one routing.
TEST_F(LoraFfn, MixedByProjection) {
  LoraFfnExperts bank(gated, 4, options);
  fill(bank);
  bank.mix = LoraMix::projections;
  const auto project = [&](const Linear& shared, const Ptr<LowRankBank>& own, const Tensor& in, int64_t t) {
    Tensor y = at::mv(shared.weight, in) + shared.bias;
    for (int64_t k = 0; k < routing.slots(); ++k) {
      const auto e = routing.expert_TK[t][k].item<int>();
      if (e < 0 || e >= 4) continue;
      y = y + routing.weight_TK[t][k] * own->scale * at::mv(own->b_EOR[e], at::mv(own->a_ERI[e], in));
    }
    return y;
  };
  const Tensor y = bank.forward(x, routing, {});
  for (int64_t t = 0; t < x.size(0); ++t) {
    const Tensor h =
        at::silu(project(gated->gate_proj, bank.gate, x[t], t)) * project(gated->up_proj, bank.up, x[t], t);
    EXPECT_LT(max_difference(y[t], project(gated->down_proj, bank.down, h, t)), 1e-5);
  }
  EXPECT_THROW(bank.slots(x, routing, {}), Error);
  // One expert of weight 1 is that expert.
  auto one = random_routing(9, 1, 4, 8);
  one.weight_TK.fill_(1);
  LoraFfnExperts whole(gated, 4, options);
  whole.gate = bank.gate, whole.up = bank.up, whole.down = bank.down;
  EXPECT_LT(max_difference(bank.forward(x, one, {}), whole.forward(x, one, {})), 1e-5);
}

TEST_F(LoraFfn, FreshAdaptersGiveTheBase) {
  LoraFfnExperts bank(gated, 4, options);
  auto full = random_routing(9, 2, 4, 8);
  full.weight_TK = full.weight_TK / full.weight_TK.sum(1, true);
  EXPECT_LT(max_difference(bank.forward(x, full, {}), gated->forward(x, {})), 1e-6);
}

TEST_F(LoraFfn, SlotsAddUpToForward) {
  LoraFfnExperts bank(gated, 4, options);
  fill(bank);
  const Tensor slots = bank.slots(x, routing, {});
  EXPECT_LT(max_difference((slots * routing.weight_TK.unsqueeze(-1)).sum(1), bank.forward(x, routing, {})),
            1e-5);
  const Tensor empty = at::logical_or(routing.expert_TK < 0, routing.expert_TK >= 4);
  EXPECT_EQ(slots.masked_select(empty.unsqueeze(-1)).abs().sum().item<double>(), 0);
}

TEST_F(LoraFfn, GradientsMatchFiniteDifferencesAndTheBaseStaysFrozen) {
  LoraFfnExperts bank(gated, 4, options);
  fill(bank);
  to_dtype(bank, at::kDouble);
  set_trainable(bank, true);
  set_trainable(*bank.base, false);
  Tensor input = x.to(at::kDouble).set_requires_grad(true);
  routing.weight_TK = routing.weight_TK.to(at::kDouble).set_requires_grad(true);
  const auto f = [&] { return bank.forward(input, routing, {}); };
  EXPECT_LT(gradient_error(input, f), 1e-7);
  EXPECT_LT(gradient_error(routing.weight_TK, f), 1e-7);
  int adapters = 0;
  for (auto& [name, tensor, kind] : named_parameters(bank)) {
    if (!tensor.requires_grad()) continue;
    ++adapters;
    EXPECT_LT(gradient_error(tensor, f), 1e-7) << name;
  }
  EXPECT_EQ(adapters, 6);
  EXPECT_FALSE(gated->up_proj.weight.grad().defined());
}

TEST_F(LoraFfn, ScaleDropoutAndBadTargets) {
  EXPECT_DOUBLE_EQ(options.scale(), 2);
  options.rslora = true;
  EXPECT_DOUBLE_EQ(options.scale(), 6 / std::sqrt(3.0));
  options.dropout = 0.5;
  LoraFfnExperts bank(gated, 4, options);
  fill(bank);
  TokenContext train;
  train.phase = Phase::train;
  EXPECT_GT(max_difference(bank.forward(x, routing, train), bank.forward(x, routing, {})), 1e-4);
  EXPECT_EQ(max_difference(bank.forward(x, routing, {}), bank.forward(x, routing, {})), 0);
  EXPECT_THROW(LoraFfnExperts(gated, 4, options, {false, false, false}), UsageError);
}

TEST(LoraRanks, MatchTheLoopAndTheirGradients) {
  at::manual_seed(6);
  LoraRankExperts bank(12, 7, 5, {.rank = 4, .alpha = 8});
  bank.b_EO.normal_();
  to_dtype(bank, at::kDouble);
  set_trainable(bank, true);
  Tensor x = at::randn({6, 7}, at::kDouble).set_requires_grad(true);
  auto routing = random_routing(6, 4, 14, 3, 0.2);
  routing.weight_TK = routing.weight_TK.to(at::kDouble).set_requires_grad(true);
  const auto f = [&] { return bank.forward(x, routing, {}); };
  const Tensor want = loop_experts(x, routing, 12, 5, [&](int64_t e, const Tensor& row) {
    return 2.0 * at::dot(bank.a_EI[e], row) * bank.b_EO[e];
  });
  EXPECT_LT(max_difference(f(), want), 1e-12);
  for (const Tensor& leaf : {x, routing.weight_TK, bank.a_EI, bank.b_EO})
    EXPECT_LT(gradient_error(leaf, f), 1e-8);
  const Tensor slots = bank.slots(x, routing, {});
  EXPECT_EQ(slots.sizes(), (at::IntArrayRef{6, 4, 5}));
  EXPECT_LT(max_difference((slots * routing.weight_TK.unsqueeze(-1)).sum(1), want), 1e-12);
}

TEST(LoraBanks, NoTokens) {
  const auto none = random_routing(0, 2, 3, 1);
  auto base = std::make_shared<GatedFfn>(4, 6, Activation::silu);
  EXPECT_EQ(LoraFfnExperts(base, 3, {}).forward(at::empty({0, 4}), none, {}).sizes(),
            (at::IntArrayRef{0, 4}));
  EXPECT_EQ(LoraRankExperts(3, 4, 4, {}).forward(at::empty({0, 4}), none, {}).sizes(),
            (at::IntArrayRef{0, 4}));
}

}  // namespace
}  // namespace conclave
