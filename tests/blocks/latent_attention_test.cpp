#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/blocks/latent_attention.h"
#include "framework/blocks/transformer.h"
#include "blocks/run_stack.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Ptr<Transformer> latent(Json more = Json::object()) {
  at::manual_seed(5);
  Json config = {{"width", 32},
                 {"layers", 2},
                 {"heads", 4},
                 {"init_std", 0.3},
                 {"attention", "latent"},
                 {"latent", {{"q_rank", 12}, {"kv_rank", 10}, {"nope", 6}, {"rope", 4}, {"value", 5}}},
                 {"rope", {{"pairs", true}}},
                 {"ffn", {{"hidden", 24}}}};
  config.merge_patch(more);
  return make_transformer(config);
}

// One head's output, written out from the paper's equations.
TEST(LatentAttention, MatchesTheEquations) {
  auto stack = latent();
  const auto& a = dynamic_cast<const LatentAttention&>(*stack->layers[0]->self_attn);
  const Tensor x = at::randn({1, 5, 32});
  Pass pass;
  pass.visibility.causal = true;
  const Rotation rotation = Rotary{.dim = 4, .pairs = true}.angles(at::arange(5).unsqueeze(0));
  pass.rotation = rotation;
  const Tensor got = a.forward(x, pass, {});

  const auto norm = [](const Tensor& y) { return y / (y.square().mean(-1, true) + 1e-6).sqrt(); };
  const Tensor q = at::linear(norm(at::linear(x, a.q_a_proj.weight)), a.q_b_proj.weight).view({5, 4, 10});
  const Tensor both = at::linear(x, a.kv_a_proj_with_mqa.weight).view({5, 14});
  const Tensor kv = at::linear(norm(both.narrow(1, 0, 10)), a.kv_b_proj.weight).view({5, 4, 11});
  std::vector<Tensor> heads;
  for (int64_t h = 0; h < 4; ++h) {
    // Neighbours turn together by position · 10000^(-2i/4).
    const auto turn = [&](const Tensor& y) {
      Tensor z = y.clone();
      for (int64_t t = 0; t < 5; ++t) {
        for (int64_t i = 0; i < 2; ++i) {
          const double angle = static_cast<double>(t) * std::pow(10000.0, -i / 2.0);
          const double u = y[t][2 * i].item<double>(), v = y[t][2 * i + 1].item<double>();
          z[t][2 * i].fill_(u * std::cos(angle) - v * std::sin(angle));
          z[t][2 * i + 1].fill_(u * std::sin(angle) + v * std::cos(angle));
        }
      }
      return z;
    };
    const Tensor query = at::cat({q.select(1, h).narrow(1, 0, 6), turn(q.select(1, h).narrow(1, 6, 4))}, 1);
    const Tensor key = at::cat({kv.select(1, h).narrow(1, 0, 6), turn(both.narrow(1, 10, 4))}, 1);
    Tensor score = query.matmul(key.t()) / std::sqrt(10.0);
    score = score.masked_fill(at::ones({5, 5}, at::kBool).triu(1), -INFINITY);
    heads.push_back(score.softmax(-1).matmul(kv.select(1, h).narrow(1, 6, 5)));
  }
  const Tensor expected = at::linear(at::cat(heads, 1), a.o_proj.weight);
  EXPECT_LT(max_difference(got[0], expected), 1e-5);
}

TEST(LatentAttention, GoesOnFromItsLatents) {
  for (const Json& more : {Json::object(), Json({{"latent", {{"q_rank", 0}}}})}) {
    auto stack = latent(more);
    const Tensor x = at::randn({3, 9, 32});
    const Tensor whole = run(*stack, x);
    DecodeState state = stack->new_state();
    std::vector<Tensor> parts;
    int64_t from = 0;
    for (const int64_t length : {4, 1, 1, 3}) {
      parts.push_back(run(*stack, x.narrow(1, from, length), {}, &state));
      from += length;
    }
    EXPECT_LT(max_difference(at::cat(parts, 1), whole), 2e-5);
    // One vector of kv_rank + rope channels per token, kept once.
    EXPECT_EQ(state.segments[0].layers[0].k_RHLC.size(1), 1);
    EXPECT_EQ(state.segments[0].layers[0].k_RHLC.size(3), 14);
    EXPECT_FALSE(state.segments[0].layers[0].v_RHLC.defined());
  }
}

TEST(LatentAttention, ForksAndSelectsItsLatents) {
  auto stack = latent();
  const Tensor x = at::randn({2, 4, 32}), more = at::randn({4, 2, 32});
  DecodeState state = stack->new_state();
  run(*stack, x, {}, &state);
  DecodeState forked = state.fork(2);
  const Tensor shared = run(*stack, more, {}, &forked);
  const Tensor whole = run(*stack, at::cat({x.repeat_interleave(2, 0), more}, 1)).narrow(1, 4, 2);
  EXPECT_LT(max_difference(shared, whole), 2e-5);
  DecodeState second = forked.select(at::tensor({3}, at::kLong));
  const Tensor last = at::randn({1, 1, 32});
  const Tensor expected =
      run(*stack, at::cat({x.narrow(0, 1, 1), more.narrow(0, 3, 1), last}, 1)).narrow(1, 6, 1);
  EXPECT_LT(max_difference(run(*stack, last, {}, &second), expected), 2e-5);
}

TEST(LatentAttention, NamesItsKeys) {
  EXPECT_THROW(latent({{"latent", {{"kv_rank", 0}}}}), UsageError);
  EXPECT_THROW(latent({{"latent", {{"value", 11}}}}), UsageError);
  EXPECT_THROW(latent({{"attention", "linear"}}), UsageError);
}

TEST(Window, OnlyTheLastTokensAreSeen) {
  at::manual_seed(3);
  const Json config = {{"width", 16},     {"layers", 1}, {"heads", 2},
                       {"init_std", 0.3}, {"window", 3}, {"ffn", {{"hidden", 24}}}};
  auto stack = make_transformer(config);
  const Tensor x = at::randn({1, 7, 16});
  const Tensor whole = run(*stack, x);
  // Token 6 sees 4, 5 and itself.
  Tensor other = x.clone();
  other.narrow(1, 0, 4).normal_();
  EXPECT_LT(max_difference(run(*stack, other)[0][6], whole[0][6]), 1e-6);
  other.narrow(1, 4, 1).normal_();
  EXPECT_GT(max_difference(run(*stack, other)[0][6], whole[0][6]), 1e-3);
  // The same one by one, with a cache.
  DecodeState state = stack->new_state();
  for (int64_t t = 0; t < 7; ++t)
    EXPECT_LT(max_difference(run(*stack, x.narrow(1, t, 1), {}, &state)[0][0], whole[0][t]), 1e-5) << t;
}

TEST(Transformer, ParallelBlocksShareTheirNorm) {
  at::manual_seed(3);
  auto stack = make_transformer({{"width", 16},
                                 {"layers", 1},
                                 {"heads", 2},
                                 {"init_std", 0.3},
                                 {"parallel", true},
                                 {"ffn", {{"hidden", 24}}}});
  const auto& block = *stack->layers[0];
  EXPECT_EQ(block.post_attention_layernorm, nullptr);
  const Tensor x = at::randn({1, 1, 16});
  const Tensor normed = block.input_layernorm->forward(x);
  const auto& a = dynamic_cast<const Attention&>(*block.self_attn);
  // A single token attends to itself alone.
  const Tensor attended = at::linear(at::linear(normed, a.v_proj.weight), a.o_proj.weight);
  const Tensor expected = x + attended + block.ffn->forward(normed[0], {}).unsqueeze(0);
  EXPECT_LT(max_difference(run(*stack, x), stack->norm->forward(expected)), 1e-5);
}

TEST(Transformer, OutputsOfLayersCanBeSeenAndAddedTo) {
  at::manual_seed(3);
  auto stack = make_transformer({{"width", 16}, {"layers", 2}, {"heads", 2}, {"ffn", {{"hidden", 24}}}});
  const Tensor x = at::randn({1, 3, 16});
  std::vector<Tensor> plain, changed;
  run(*stack, x, {.layer_outputs = &plain});
  const std::vector<Tensor> more = {at::ones({1, 3, 16})};
  run(*stack, x, {.after_layer = more, .layer_outputs = &changed});
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_LT(max_difference(changed[0], plain[0] + 1), 1e-6);
  EXPECT_GT(max_difference(changed[1], plain[1] + 1), 1e-4);
}

}  // namespace
}  // namespace conclave
