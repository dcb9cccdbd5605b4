// Stacks whose layers take turns: gated delta nets and full attention.
#include "framework/blocks/delta_net.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "blocks/run_stack.h"
#include "framework/base/error.h"
#include "framework/generate/rewind.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::max_difference;

Ptr<Transformer> recurrent_stack(bool by_key_heads = false, Json more = Json::object()) {
  at::manual_seed(5);
  Json config = {{"width", 16},
                 {"layers", 3},
                 {"heads", 4},
                 {"kv_heads", 2},
                 {"init_std", 0.3},
                 {"norm", "zero_centred_rms_norm"},
                 {"qk_norm", "head"},
                 {"output_gate", true},
                 {"rope", {{"dim", 2}}},
                 {"delta_layers", {0, 2}},
                 {"delta",
                  {{"key_heads", 2},
                   {"value_heads", 4},
                   {"key_dim", 4},
                   {"value_dim", 6},
                   {"by_key_heads", by_key_heads}}},
                 {"ffn", {{"hidden", 24}}}};
  config.update(more);
  return make_transformer(config);
}

Tensor piece(const Tensor& x, int64_t from, int64_t to) {
  return x.narrow(1, from, to - from);
}

TEST(DeltaNet, PiecewiseEqualsWhole) {
  for (const bool by_key_heads : {false, true}) {
    const auto stack = recurrent_stack(by_key_heads);
    const Tensor x = at::randn({3, 80, 16});
    const Tensor whole = run(*stack, x);
    const at::NoGradGuard no_grad;
    auto state = stack->new_state();
    std::vector<Tensor> parts;
    for (const auto& [from, to] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 70}, {70, 71}, {71, 73}, {73, 74}, {74, 80}})
      parts.push_back(run(*stack, piece(x, from, to), {}, &state));
    EXPECT_LT(max_difference(at::cat(parts, 1), whole), 1e-4) << by_key_heads;
    EXPECT_LT(max_difference(run(*stack, piece(x, 0, 9)), piece(whole, 0, 9)), 1e-5);  // nothing comes later
  }
}

// On either side, in the first pass and in the next one.
TEST(DeltaNet, PaddingLeavesNoTrace) {
  const auto stack = recurrent_stack();
  const at::NoGradGuard no_grad;
  const Tensor x = at::randn({1, 9, 16}), noise = at::randn({1, 3, 16}) * 100;
  const Tensor whole = run(*stack, x);
  const Tensor no = at::zeros({1, 3}, at::kBool);
  const auto yes = [](int64_t count) { return at::ones({1, count}, at::kBool); };
  for (const bool right : {false, true}) {
    const auto padded = [&](const Tensor& part) {
      return right ? at::cat({part, noise}, 1) : at::cat({noise, part}, 1);
    };
    const auto valid = [&](int64_t count) {
      return right ? at::cat({yes(count), no}, 1) : at::cat({no, yes(count)}, 1);
    };
    auto state = stack->new_state();
    const int64_t skip = right ? 0 : 3;
    const Tensor first = run(*stack, padded(piece(x, 0, 2)), {.valid_NL = valid(2)}, &state);
    const Tensor next = run(*stack, padded(piece(x, 2, 8)), {.valid_NL = valid(6)}, &state);
    const Tensor last = run(*stack, piece(x, 8, 9), {}, &state);
    EXPECT_LT(max_difference(piece(first, skip, skip + 2), piece(whole, 0, 2)), 1e-5) << right;
    EXPECT_LT(max_difference(piece(next, skip, skip + 6), piece(whole, 2, 8)), 1e-5) << right;
    EXPECT_LT(max_difference(last, piece(whole, 8, 9)), 1e-5) << right;
  }
}

TEST(DeltaNet, StatesForkAndFollowTheirRows) {
  const auto stack = recurrent_stack();
  const at::NoGradGuard no_grad;
  const Tensor prompt = at::randn({2, 5, 16}), question = at::randn({6, 3, 16}), more = at::randn({3, 1, 16});
  auto state = stack->new_state();
  run(*stack, prompt, {}, &state);
  DecodeState forked = state.fork(3);
  const Tensor answer = run(*stack, question, {}, &forked);
  const Tensor alone = run(*stack, at::cat({prompt.repeat_interleave(3, 0), question}, 1));
  EXPECT_LT(max_difference(answer, piece(alone, 5, 8)), 1e-5);

  const Tensor rows = at::tensor({4, 0, 4}, at::kLong);
  DecodeState some = forked.select(rows);
  const Tensor after = run(*stack, more, {}, &some);
  const Tensor all = at::cat({prompt.repeat_interleave(3, 0), question}, 1).index_select(0, rows);
  EXPECT_LT(max_difference(after, piece(run(*stack, at::cat({all, more}, 1)), 8, 9)), 1e-5);
  // The first state is as it was.
  EXPECT_LT(
      max_difference(run(*stack, piece(question, 0, 1).narrow(0, 0, 2), {}, &state),
                     piece(run(*stack, at::cat({prompt, piece(question, 0, 1).narrow(0, 0, 2)}, 1)), 5, 6)),
      1e-5);
}

TEST(DeltaNet, StacksWithoutAnyKeysDecodeToo) {
  const auto stack = recurrent_stack(false, {{"delta_layers", "all"}});
  const at::NoGradGuard no_grad;
  const Tensor x = at::randn({2, 4, 16});
  auto state = stack->new_state();
  run(*stack, piece(x, 0, 3), {}, &state);
  DecodeState turned = state.select(at::tensor({1, 0}, at::kLong));
  EXPECT_LT(
      max_difference(run(*stack, piece(x.flip(0), 3, 4), {}, &turned), piece(run(*stack, x), 3, 4).flip(0)),
      1e-5);
}

TEST(DeltaNet, GradientsReachEveryTensor) {
  for (const bool by_key_heads : {false, true}) {
    const auto stack = recurrent_stack(by_key_heads);
    set_trainable(*stack, true);
    run(*stack, at::randn({2, 70, 16})).square().sum().backward();
    for (const auto& t : named_parameters(*stack)) {
      ASSERT_TRUE(t.tensor.grad().defined()) << t.name;
      EXPECT_TRUE(at::isfinite(t.tensor.grad()).all().item<bool>()) << t.name;
      EXPECT_GT(t.tensor.grad().abs().max().item<double>(), 0) << t.name;
    }
  }
}

TEST(DeltaNet, NarrowTypesStayNearFloat32) {
  const auto stack = recurrent_stack();
  const Tensor x = at::randn({2, 9, 16});
  const Tensor wide = run(*stack, x);
  set_trainable(*stack, true);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor cast = run(*stack, x);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  cast.sum().backward();
  EXPECT_GT(max_difference(cast, wide), 0);
  EXPECT_LT(max_difference(cast, wide), 0.3);
  set_trainable(*stack, false);
  to_dtype(*stack, at::kBFloat16);
  const Tensor narrow = run(*stack, x.to(at::kBFloat16));
  EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(narrow, wide), 0.3);
}

TEST(DeltaNet, WhatCannotBeDoneIsSaid) {
  const auto message = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  const auto stack = recurrent_stack();
  const at::NoGradGuard no_grad;
  const Tensor x = at::randn({1, 4, 16});
  EXPECT_THAT(message([&] { run(*stack, x, {.causal = false}); }), HasSubstr("the pass must be causal"));
  EXPECT_THAT(message([&] { run(*stack, x, {.prefix = 3}); }), HasSubstr("the pass must be causal"));
  auto state = stack->new_state();
  run(*stack, x, {}, &state);
  rewind(state, 4);
  EXPECT_THAT(message([&] { rewind(state, 3); }), HasSubstr("recurrent layers keep no earlier state"));
  EXPECT_THAT(message([] {
                recurrent_stack(
                    false,
                    {{"delta", {{"key_heads", 3}, {"value_heads", 4}, {"key_dim", 4}, {"value_dim", 4}}}});
              }),
              HasSubstr("transformer.delta.key_heads = 3: must divide 4 value heads"));
  EXPECT_THAT(message([] {
                recurrent_stack(false, {{"delta_layers", {3}}});
              }),
              HasSubstr("transformer.delta_layers has 3"));
}

}  // namespace
}  // namespace conclave
