// Mixture-of-experts layers inside transformer blocks.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "framework/blocks/transformer.h"
#include "framework/moe/routing_log.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Ptr<Transformer> routed(Json more = Json::object()) {
  at::manual_seed(3);
  Json config = {{"width", 16},
                 {"layers", 4},
                 {"heads", 2},
                 {"init_std", 0.3},
                 {"ffn", {{"hidden", 24}}},
                 {"moe",
                  {{"experts", {{"count", 4}, {"kind", "gated_ffn"}, {"hidden", 12}}},
                   {"router", {{"select", {{"kind", "top_k"}, {"k", 2}}}}}}},
                 {"moe_layers", "odd"}};
  config.update(more);
  return make_transformer(config, /*first_site=*/5);
}

TEST(MoeBlock, OddLayersAreRoutedAndNumbered) {
  auto stack = routed();
  EXPECT_FALSE(stack->layers[0]->moe);
  EXPECT_TRUE(stack->layers[0]->ffn);
  ASSERT_TRUE(stack->layers[1]->moe);
  EXPECT_FALSE(stack->layers[1]->ffn);
  EXPECT_EQ(stack->layers[1]->moe->site, 5);
  EXPECT_EQ(stack->layers[3]->moe->site, 6);
  EXPECT_EQ(routed({{"moe_layers", {0, 2}}})->layers[2]->moe->site, 6);
}

TEST(MoeBlock, TheLayerSeesFlattenedTokensAndPadding) {
  auto stack = routed();
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor valid = at::tensor({1, 1, 1, 1, 0, 0}, at::kLong).view({2, 3}).to(at::kBool);
  stack->forward(at::randn({2, 3, 16}), {.valid_NL = valid}, context);
  ASSERT_EQ(log.records.size(), 2u);
  const auto& record = log.records[0];
  EXPECT_EQ(record.routing.tokens(), 6);
  EXPECT_TRUE(at::equal(record.context.sequence_T, at::tensor({0, 0, 0, 1, 1, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(record.context.position_T, at::tensor({0, 1, 2, 0, 0, 0}, at::kLong)));
  const Tensor chosen = record.routing.expert_TK.ge(0).any(1);
  EXPECT_TRUE(at::equal(chosen, valid.view(-1)));
}

TEST(MoeBlock, PiecewiseEqualsWholeAndPaddingChangesNothing) {
  auto stack = routed();
  at::NoGradGuard no_grad;
  const Tensor x = at::randn({2, 6, 16});
  const Tensor whole = stack->forward(x, {}, {});
  auto state = stack->new_state();
  TokenContext context;
  context.past = &state;
  const Tensor a = stack->forward(x.narrow(1, 0, 4), {}, context);
  const Tensor b = stack->forward(x.narrow(1, 4, 2), {}, context);
  EXPECT_LT(max_difference(at::cat({a, b}, 1), whole), 1e-5);
  const Tensor valid = at::cat({at::ones({2, 6}, at::kBool), at::zeros({2, 2}, at::kBool)}, 1);
  const Tensor padded = stack->forward(at::cat({x, at::randn({2, 2, 16})}, 1), {.valid_NL = valid}, {});
  EXPECT_LT(max_difference(padded.narrow(1, 0, 6), whole), 1e-5);
}

TEST(MoeBlock, EveryParameterGetsAGradient) {
  auto stack = routed({{"moe_layers", "all"}, {"layers", 1}});
  set_trainable(*stack, true);
  TokenContext context;
  context.phase = Phase::train;
  (stack->forward(at::randn({8, 8, 16}), {}, context) * at::randn({8, 8, 16})).sum().backward();
  for (const auto& p : named_parameters(*stack)) {
    ASSERT_TRUE(p.tensor.grad().defined()) << p.name;
    EXPECT_GT(p.tensor.grad().abs().max().item<double>(), 0) << p.name;
  }
}

}  // namespace
}  // namespace conclave
