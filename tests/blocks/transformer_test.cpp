#include "framework/blocks/transformer.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "blocks/run_stack.h"
#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using at::indexing::None;
using at::indexing::Slice;
using testing::check_gradient;
using testing::max_difference;

Ptr<Transformer> small(Json more = Json::object()) {
  at::manual_seed(11);
  Json config = {{"width", 16},   {"layers", 2},     {"heads", 4},
                 {"kv_heads", 2}, {"init_std", 0.3}, {"ffn", {{"hidden", 24}}}};
  config.update(more);
  return make_transformer(config);
}

Tensor columns(const Tensor& x, int64_t from, int64_t to) {
  return x.index({Slice(), Slice(from, to)});
}

Tensor first_tokens(std::vector<int64_t> lengths, int64_t tokens) {
  return at::arange(tokens).unsqueeze(0) < at::tensor(lengths, at::kLong).unsqueeze(1);
}

TEST(Transformer, NamesFollowPublishedCheckpoints) {
  auto stack = small({{"qk_norm", "head"}, {"qkv_bias", true}});
  std::vector<std::string> names;
  for (const auto& t : named_tensors(*stack)) names.push_back(t.name);
  const auto has = [&](const std::string& name) { return std::count(names.begin(), names.end(), name) == 1; };
  EXPECT_TRUE(has("layers.1.self_attn.q_proj.bias"));
  EXPECT_TRUE(has("layers.0.self_attn.k_norm.weight"));
  EXPECT_TRUE(has("layers.0.mlp.gate_proj.weight"));
  EXPECT_TRUE(has("layers.1.post_attention_layernorm.weight"));
  EXPECT_TRUE(has("norm.weight"));
}

TEST(Transformer, LaterTokensDoNotReachEarlierOnes) {
  auto stack = small();
  const Tensor x = at::randn({2, 6, 16});
  Tensor other = x.clone();
  columns(other, 4, 6).normal_();
  EXPECT_LT(max_difference(columns(run(*stack, x), 0, 4), columns(run(*stack, other), 0, 4)), 1e-6);
}

TEST(Transformer, PiecewiseEqualsWhole) {
  for (const auto* qk_norm : {"none", "head", "full"}) {
    auto stack = small({{"qk_norm", qk_norm}});
    const Tensor x = at::randn({3, 9, 16});
    const Tensor whole = run(*stack, x);
    auto state = stack->new_state();
    at::NoGradGuard no_grad;
    std::vector<Tensor> parts;
    for (const auto& [from, to] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 4}, {4, 5}, {5, 7}, {7, 8}, {8, 9}}) {
      parts.push_back(run(*stack, columns(x, from, to), {}, &state));
    }
    EXPECT_EQ(state.length(), 9);
    EXPECT_LT(max_difference(at::cat(parts, 1), whole), 1e-5) << qk_norm;
  }
}

TEST(Transformer, ManyStepsGrowTheBuffer) {
  auto stack = small();
  const Tensor x = at::randn({2, 70, 16});
  const Tensor whole = run(*stack, x);
  c10::InferenceMode inference;
  auto state = stack->new_state();
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < 70; ++i) parts.push_back(run(*stack, columns(x, i, i + 1), {}, &state));
  EXPECT_LT(max_difference(at::cat(parts, 1), whole), 1e-5);
}

TEST(Transformer, PaddingOnEitherSideChangesNothing) {
  auto stack = small();
  const Tensor x = at::randn({1, 4, 16});
  const Tensor alone = run(*stack, x);
  const Tensor noise = at::randn({1, 3, 16}) * 100;
  const Tensor yes = at::ones({1, 4}, at::kBool), no = at::zeros({1, 3}, at::kBool);
  const Tensor right = run(*stack, at::cat({x, noise}, 1), {.valid_NL = at::cat({yes, no}, 1)});
  const Tensor left = run(*stack, at::cat({noise, x}, 1), {.valid_NL = at::cat({no, yes}, 1)});
  EXPECT_LT(max_difference(columns(right, 0, 4), alone), 1e-5);
  EXPECT_LT(max_difference(columns(left, 3, 7), alone), 1e-5);
  EXPECT_TRUE(at::isfinite(right).all().item<bool>());
}

TEST(Transformer, AllPaddingIsFinite) {
  auto stack = small();
  for (const bool causal : {true, false}) {
    Tensor x = at::randn({2, 5, 16}).set_requires_grad(true);
    const Tensor y = run(*stack, x, {.valid_NL = at::zeros({2, 5}, at::kBool), .causal = causal});
    EXPECT_TRUE(at::isfinite(y).all().item<bool>());
    y.sum().backward();
    EXPECT_TRUE(at::isfinite(x.grad()).all().item<bool>());
  }
}

TEST(Transformer, PrefixTokensSeeEachOtherBothWays) {
  auto stack = small();
  const Tensor x = at::randn({2, 7, 16});
  const Tensor together = run(*stack, x, {.causal = true, .prefix = 4});
  auto state = stack->new_state();
  const Tensor prefix = run(*stack, columns(x, 0, 4), {.causal = false}, &state);
  const Tensor text = run(*stack, columns(x, 4, 7), {}, &state);
  EXPECT_LT(max_difference(together, at::cat({prefix, text}, 1)), 1e-5);
  EXPECT_GT(max_difference(together, run(*stack, x)), 1e-3);
}

// Pictures [2,Lp] read once and shared by three questions each, against the pictures repeated three times.
struct SharedPrefix {
  Ptr<Transformer> stack = small();
  Tensor picture = at::randn({2, 5, 16}).set_requires_grad(true);
  Tensor text = at::randn({6, 4, 16}).set_requires_grad(true);
  Tensor picture_valid = first_tokens({5, 3}, 5);
  Tensor text_valid = first_tokens({4, 1, 2, 4, 3, 4}, 4);
  Tensor mix = at::randn({6, 4, 16}) * text_valid.unsqueeze(-1);

  Tensor shared() {
    auto state = stack->new_state();
    run(*stack, picture, {.valid_NL = picture_valid, .causal = false}, &state);
    auto questions = state.fork(3);
    return run(*stack, text, {.valid_NL = text_valid}, &questions);
  }
  Tensor repeated() {
    auto state = stack->new_state();
    run(*stack, picture.repeat_interleave(3, 0),
        {.valid_NL = picture_valid.repeat_interleave(3, 0), .causal = false}, &state);
    return run(*stack, text, {.valid_NL = text_valid}, &state);
  }
  std::vector<Tensor> gradients(const Tensor& y) {
    std::vector<Tensor> leaves{picture, text};
    for (auto& p : named_parameters(*stack)) leaves.push_back(p.tensor);
    for (auto& leaf : leaves) leaf.mutable_grad() = Tensor();
    (y * mix).sum().backward();
    std::vector<Tensor> found;
    for (auto& leaf : leaves) found.push_back(leaf.grad().clone());
    return found;
  }
};

TEST(SharedPrefix, OutputsAndGradientsEqualTheRepeatedPrefix) {
  SharedPrefix t;
  set_trainable(*t.stack, true);
  const Tensor a = t.shared(), b = t.repeated();
  EXPECT_LT(max_difference(a * t.text_valid.unsqueeze(-1), b * t.text_valid.unsqueeze(-1)), 1e-5);
  const auto ga = t.gradients(a), gb = t.gradients(b);
  EXPECT_GT(ga[0].abs().max().item<double>(), 1e-3);
  for (size_t i = 0; i < ga.size(); ++i) EXPECT_LT(max_difference(ga[i], gb[i]), 1e-4) << "leaf " << i;
}

TEST(SharedPrefix, PaddedPictureTokensGetNoGradient) {
  SharedPrefix t;
  set_trainable(*t.stack, true);
  const auto g = t.gradients(t.shared());
  EXPECT_EQ(g[0].index({1, Slice(3, None)}).abs().max().item<double>(), 0);
}

TEST(SharedPrefix, GradientsMatchFiniteDifferences) {
  SharedPrefix t;
  const auto loss = [&] { return (t.shared() * t.mix).sum(); };
  check_gradient(loss, t.picture, 2e-2);
  check_gradient(loss, t.text, 2e-2);
}

TEST(SharedPrefix, ForkOfAForkSharesBothLevels) {
  SharedPrefix t;
  at::NoGradGuard no_grad;
  const Tensor answer = at::randn({12, 2, 16});
  auto state = t.stack->new_state();
  run(*t.stack, t.picture, {.valid_NL = t.picture_valid, .causal = false}, &state);
  auto questions = state.fork(3);
  run(*t.stack, t.text, {.valid_NL = t.text_valid}, &questions);
  auto answers = questions.fork(2);
  const Tensor y = run(*t.stack, answer, {}, &answers);

  auto flat = t.stack->new_state();
  run(*t.stack, t.picture.repeat_interleave(6, 0),
      {.valid_NL = t.picture_valid.repeat_interleave(6, 0), .causal = false}, &flat);
  run(*t.stack, t.text.repeat_interleave(2, 0), {.valid_NL = t.text_valid.repeat_interleave(2, 0)}, &flat);
  EXPECT_LT(max_difference(y, run(*t.stack, answer, {}, &flat)), 1e-5);
  EXPECT_TRUE(at::equal(answers.seen_N, flat.seen_N));
}

TEST(DecodeState, SelectFollowsTheRows) {
  SharedPrefix t;
  at::NoGradGuard no_grad;
  auto state = t.stack->new_state();
  run(*t.stack, t.picture, {.valid_NL = t.picture_valid, .causal = false}, &state);
  auto questions = state.fork(3);
  run(*t.stack, t.text, {.valid_NL = t.text_valid}, &questions);
  const Tensor next = at::randn({6, 1, 16});
  auto all = questions;
  const Tensor whole = run(*t.stack, next, {}, &all);
  // Within pictures (stays shared), across pictures, and a single row.
  for (const auto& rows : std::vector<std::vector<int64_t>>{{2, 0, 0, 5, 4, 3}, {5, 1}, {3}, {}}) {
    const Tensor index = at::tensor(rows, at::kLong);
    auto some = questions.select(index);
    EXPECT_EQ(some.rows(), static_cast<int64_t>(rows.size()));
    const Tensor y = run(*t.stack, next.index_select(0, index), {}, &some);
    EXPECT_LT(max_difference(y, whole.index_select(0, index)), 1e-5);
  }
  EXPECT_THROW(questions.select(at::tensor({6}, at::kLong)), Error);
}

TEST(DecodeState, RowsThatWidenInOrderGoOn) {
  auto stack = small();
  at::NoGradGuard no_grad;
  const Tensor prompt = at::randn({2, 3, 16}), next = at::randn({6, 2, 16});
  auto state = stack->new_state();
  run(*stack, prompt, {}, &state);
  auto wide = state.select(at::tensor({0, 0, 0, 1, 1, 1}, at::kLong));
  auto flat = stack->new_state();
  run(*stack, prompt.repeat_interleave(3, 0), {}, &flat);
  for (int64_t i = 0; i < 2; ++i) {  // the second pass grows what the first has begun
    const Tensor token = columns(next, i, i + 1);
    EXPECT_LT(max_difference(run(*stack, token, {}, &wide), run(*stack, token, {}, &flat)), 1e-5);
  }
  // Widened where the last segment has room to grow: only what was read is seen.
  auto twice = wide.select(at::tensor({0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, at::kLong));
  const Tensor more = at::randn({12, 1, 16});
  auto repeated = flat.select(at::tensor({0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, at::kLong).flip(0))
                      .select(at::arange(12).flip(0));
  EXPECT_LT(max_difference(run(*stack, more, {}, &twice), run(*stack, more, {}, &repeated)), 1e-5);
  // Widened once more, and from there in another order.
  auto wider = wide.select(at::tensor({0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, at::kLong))
                   .select(at::tensor({11, 0, 5}, at::kLong));
  const Tensor last = at::randn({3, 1, 16});
  auto expected = flat.select(at::tensor({5, 0, 2}, at::kLong));
  EXPECT_LT(max_difference(run(*stack, last, {}, &wider), run(*stack, last, {}, &expected)), 1e-5);
}

TEST(DecodeState, ACopyDoesNotSeeWhatTheOriginalReads) {
  auto stack = small();
  at::NoGradGuard no_grad;
  auto state = stack->new_state();
  run(*stack, at::randn({1, 3, 16}), {}, &state);
  run(*stack, at::randn({1, 1, 16}), {}, &state);  // now there is room to write in place
  auto copy = state;
  const Tensor a = at::randn({1, 1, 16}), b = at::randn({1, 1, 16}), next = at::randn({1, 1, 16});
  auto alone = state;
  run(*stack, a, {}, &alone);
  const Tensor expected = run(*stack, next, {}, &alone);
  run(*stack, a, {}, &state);
  run(*stack, b, {}, &copy);
  EXPECT_LT(max_difference(run(*stack, next, {}, &state), expected), 1e-6);
  EXPECT_GT(max_difference(run(*stack, next, {}, &copy), expected), 1e-3);
}

TEST(DecodeState, WrongNumberOfRowsThrows) {
  auto stack = small();
  auto state = stack->new_state();
  EXPECT_THROW(state.fork(2), Error);
  run(*stack, at::randn({2, 3, 16}), {}, &state);
  EXPECT_THROW(run(*stack, at::randn({3, 1, 16}), {}, &state), Error);
  EXPECT_THROW(state.fork(0), Error);
}

TEST(Transformer, GradientsMatchFiniteDifferences) {
  auto stack = small({{"qk_norm", "head"}});
  set_trainable(*stack, true);
  const Tensor x = at::randn({2, 3, 16}), mix = at::randn({2, 3, 16});
  const auto loss = [&] { return (run(*stack, x) * mix).sum(); };
  for (const auto& p : named_parameters(*stack)) check_gradient(loss, p.tensor, 3e-2, 1e-2, 6);
}

TEST(Transformer, Bfloat16StaysNearFloat32) {
  auto stack = small();
  const Tensor x = at::randn({4, 6, 16});
  const Tensor valid = first_tokens({6, 3, 1, 5}, 6);
  const PassInput input{.valid_NL = valid};
  const Tensor wide = run(*stack, x, input) * valid.unsqueeze(-1);
  to_dtype(*stack, at::kBFloat16);
  const Tensor narrow = run(*stack, x.to(at::kBFloat16), input);
  EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(narrow * valid.unsqueeze(-1), wide), 0.15);
}

TEST(Transformer, AutocastStaysNearFloat32) {
  SharedPrefix t;
  set_trainable(*t.stack, true);
  const Tensor valid = t.text_valid.unsqueeze(-1);
  const Tensor wide = t.shared() * valid;
  const auto expected = t.gradients(wide);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor narrow = t.shared() * valid;
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_LT(max_difference(narrow, wide), 0.15);
  EXPECT_GT(max_difference(narrow, wide), 0);
  const auto found = t.gradients(narrow);
  const double scale = expected[0].abs().max().item<double>();
  EXPECT_LT(max_difference(found[0], expected[0]), 0.1 * scale);
}

TEST(Transformer, NoTokens) {
  auto stack = small();
  EXPECT_EQ(run(*stack, at::zeros({2, 0, 16})).sizes(), (std::vector<int64_t>{2, 0, 16}));
  EXPECT_EQ(run(*stack, at::zeros({0, 3, 16})).sizes(), (std::vector<int64_t>{0, 3, 16}));
}

TEST(Transformer, ResidualProjectionsStartSmaller) {
  at::manual_seed(5);
  auto stack = make_transformer({{"width", 64}, {"layers", 8}, {"heads", 4}, {"ffn", {{"hidden", 256}}}});
  const auto& attention = dynamic_cast<const Attention&>(*stack->layers[3]->self_attn);
  EXPECT_NEAR(attention.o_proj.weight.std().item<double>(), 0.02 / 4, 0.0005);
  EXPECT_NEAR(attention.q_proj.weight.std().item<double>(), 0.02, 0.001);
}

TEST(Transformer, BadConfigurationNamesTheKey) {
  const auto message = [](Json more) -> std::string {
    try {
      small(std::move(more));
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(message({{"kv_heads", 3}}), "transformer.kv_heads = 3: must divide 4 heads");
  EXPECT_EQ(message({{"heads", 3}, {"kv_heads", 3}}), "transformer.heads = 3: must divide the width 16");
  EXPECT_EQ(message({{"moe_layers", "some"}}),
            "transformer.moe_layers = \"some\": must be all, odd, even, none or a list of layer numbers");
  EXPECT_EQ(message({{"moe_layers", {2}}}), "transformer.moe_layers has 2: must be layer numbers below 2");
  EXPECT_EQ(message({{"ffn", {{"hidden", 0}}}}), "transformer.ffn.hidden = 0: must be at least 1");
  EXPECT_EQ(message({{"norm", "batch"}}),
            "transformer.norm = \"batch\": must be one of rms_norm, zero_centred_rms_norm, layer_norm");
  EXPECT_EQ(message({{"colour", 1}}).substr(0, 39), "transformer.colour = 1: unknown key (kn");
}

TEST(Transformer, DropoutActsOnlyInTraining) {
  at::manual_seed(0);
  const auto stack = make_transformer(
      {{"width", 8}, {"layers", 1}, {"heads", 2}, {"ffn", {{"hidden", 8}}}, {"dropout", 0.5}});
  const Tensor x = at::randn({1, 3, 8});
  TokenContext training;
  training.phase = Phase::train;
  EXPECT_TRUE(at::equal(stack->forward(x, {}, {}), stack->forward(x, {}, {})));
  EXPECT_FALSE(at::equal(stack->forward(x, {}, training), stack->forward(x, {}, training)));
  EXPECT_THROW(
      make_transformer({{"width", 8}, {"layers", 1}, {"heads", 2}, {"ffn", {{"hidden", 8}}}, {"dropout", 1}}),
      UsageError);
}

}  // namespace
}  // namespace conclave
