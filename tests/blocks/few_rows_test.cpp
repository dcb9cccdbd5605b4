// Steps without tensors against steps with them: the same features, the same state afterwards.
#include "framework/blocks/few_rows.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "framework/moe/routing_log.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Ptr<Transformer> stack_of(const Json& more) {
  at::manual_seed(3);
  Json config = {{"width", 32}, {"layers", 2}, {"heads", 4}, {"init_std", 0.3}};
  config.update(more);
  const auto stack = make_transformer(config);
  for (const auto& [name, tensor, kind] : named_tensors(*stack)) {
    if (name.ends_with("bias") || name.ends_with("norm.weight")) Tensor(tensor).normal_();
  }
  return stack;
}

Tensor step(const Transformer& stack, const Tensor& x_N1D, DecodeState& past) {
  TokenContext context;
  context.past = &past;
  return stack.forward(x_N1D, {}, context);
}

bool takes(const Transformer& stack, const Tensor& x_N1D, DecodeState past, const PassInput& input = {}) {
  TokenContext context;
  context.past = &past;
  return step_few_rows(stack, x_N1D, input, context).has_value();
}

const char* kStacks[] = {
    R"({"ffn": {"hidden": 48}})",
    R"({"kv_heads": 2, "qkv_bias": true, "out_bias": true, "ffn": {"hidden": 48, "bias": true}})",
    R"({"rope": {"dim": 4, "theta": 100}, "ffn": {"hidden": 48}, "last_norm": false})",
    R"({"rope": false, "head_dim": 16, "ffn": {"hidden": 48}})",
    R"({"rope": {"scaling": {"rope_type": "linear", "factor": 2.0}}, "ffn": {"hidden": 48}})",
    R"({"moe": {"experts": {"count": 4, "hidden": 24}, "nulls": 1,
                "shared": {"count": 2, "hidden": 24, "gate": "router"},
                "router": {"select": {"kind": "top_p", "p": 0.7}, "weigh": ["softmax_selected", "shared_gate"]}}})",
    R"({"moe": {"experts": {"count": 4, "hidden": 24}, "shared": {"count": 1, "hidden": 24, "gate": "sigmoid"},
                "router": {"select": {"kind": "top_k", "k": 2}, "weigh": "softmax"}},
        "moe_layers": "odd", "ffn": {"hidden": 48}})",
};

TEST(FewRows, StepAsTensorsDo) {
  for (const char* text : kStacks) {
    SCOPED_TRACE(text);
    const auto stack = stack_of(Json::parse(text));
    for (const int64_t rows : {1, 3, 8}) {
      const Tensor x_NLD = at::randn({rows, 40, 32});
      auto few = stack->new_state(), tensors = stack->new_state();
      {
        const at::NoGradGuard no_grad;
        TokenContext context;
        context.past = &few;
        stack->forward(x_NLD.narrow(1, 0, 3), {}, context);
        tensors = few;
        ASSERT_TRUE(takes(*stack, x_NLD.narrow(1, 3, 1).contiguous(), few));
      }
      for (int64_t t = 3; t < 40; ++t) {
        const Tensor x_N1D = x_NLD.narrow(1, t, 1).contiguous();
        const Tensor expected = step(*stack, x_N1D, tensors);  // gradients are on
        const at::NoGradGuard no_grad;
        EXPECT_LT(max_difference(step(*stack, x_N1D, few), expected), 1e-4) << "token " << t;
      }
      EXPECT_EQ(few.length(), 40);
      EXPECT_TRUE(at::equal(few.seen_N, tensors.seen_N));
    }
  }
}

TEST(FewRows, ReadSharedPieces) {
  const auto stack = stack_of(Json::parse(kStacks[0]));
  const at::NoGradGuard no_grad;
  const Tensor x_NLD = at::randn({2, 5, 32}), next_N1D = at::randn({6, 1, 32}),
               last_N1D = at::randn({6, 1, 32});
  TokenContext context;
  auto state = stack->new_state();
  context.past = &state;
  stack->forward(x_NLD, {}, context);
  auto few = state.fork(3), tensors = few;
  ASSERT_TRUE(takes(*stack, next_N1D, few));
  for (const Tensor& x_N1D : {next_N1D, last_N1D}) {
    const Tensor y_N1D = step(*stack, x_N1D, few);
    const at::AutoGradMode gradients(true);  // the usual way
    EXPECT_LT(max_difference(y_N1D, step(*stack, x_N1D, tensors)), 1e-5);
  }
}

TEST(FewRows, LeaveTheRestToTensors) {
  const auto stack = stack_of(Json::parse(kStacks[0]));
  const Tensor x_N1D = at::randn({2, 1, 32});
  auto state = stack->new_state();
  {
    const at::NoGradGuard no_grad;
    EXPECT_FALSE(takes(*stack, x_N1D, state)) << "nothing was read";
    step(*stack, x_N1D, state);
  }
  EXPECT_FALSE(takes(*stack, x_N1D, state)) << "gradients are on";
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(takes(*stack, x_N1D, state));
  EXPECT_FALSE(takes(*stack, at::randn({2, 2, 32}), state));
  EXPECT_FALSE(takes(*stack, x_N1D.to(at::kBFloat16), state));
  EXPECT_FALSE(takes(*stack, x_N1D, state, {.valid_NL = at::ones({2, 1}, at::kBool)}));
  EXPECT_FALSE(takes(*stack, x_N1D, state, {.window = 1}));
  EXPECT_TRUE(takes(*stack, x_N1D, state, {.window = 2}));
  const Tensor wide = at::randn({2, 1, kFewRowsWidth + 8});
  EXPECT_FALSE(takes(*stack, wide, state));
  EXPECT_FALSE(takes(*stack_of({{"qk_norm", "head"}, {"ffn", {{"hidden", 48}}}}), x_N1D, state));
  EXPECT_FALSE(takes(*stack_of({{"norm", "layer_norm"}, {"ffn", {{"hidden", 48}}}}), x_N1D, state));
}

TEST(FewRows, LogWhatIsRouted) {
  const auto stack = stack_of(Json::parse(kStacks[5]));
  const at::NoGradGuard no_grad;
  auto state = stack->new_state();
  step(*stack, at::randn({2, 1, 32}), state);
  RoutingLog log;
  TokenContext context;
  context.past = &state;
  context.log = &log;
  ASSERT_TRUE(step_few_rows(*stack, at::randn({2, 1, 32}), {}, context));
  ASSERT_EQ(log.records.size(), 2U);
  EXPECT_EQ(log.records[1].routing.tokens(), 2);
  EXPECT_TRUE(at::equal(log.records[0].context.position_T, at::tensor({1, 1}, at::kLong)));
}

}  // namespace
}  // namespace conclave
