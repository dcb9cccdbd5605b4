#include "framework/generate/generate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "generate/toy_model.h"

namespace conclave {
namespace {

using Tokens = std::vector<int64_t>;
const std::vector<Tokens> kPrompts{{1, 2, 3}, {4}, {5, 5, 1, 0, 2}, {2, 6}};

Tokens greedy_without_cache(const ToyModel& model, Tokens tokens, int64_t count, int64_t stop) {
  Tokens result;
  for (int64_t i = 0; i < count; ++i) {
    const auto token = model.next(tokens).argmax().item<int64_t>();
    if (token == stop) break;
    tokens.push_back(token);
    result.push_back(token);
  }
  return result;
}

TEST(Generate, GreedyEqualsReadingFromTheStart) {
  ToyModel model(9);
  const auto results = generate(model, model.read(kPrompts), {.max_tokens = 12});
  for (size_t i = 0; i < kPrompts.size(); ++i) {
    EXPECT_EQ(results[i].tokens, greedy_without_cache(model, kPrompts[i], 12, -1));
    EXPECT_EQ(results[i].end, Generated::End::length);
    EXPECT_NEAR(results[i].log_prob, model.log_prob(kPrompts[i], results[i].tokens), 1e-4);
    EXPECT_EQ(results[i].log_probs.size(), 12u);
  }
}

TEST(Generate, StopTokensEndSequencesOneByOne) {
  ToyModel model(9);
  const auto free = generate(model, model.read(kPrompts), {.max_tokens = 12});
  for (const int64_t stop : {free[0].tokens[0], free[1].tokens[2], free[2].tokens[5]}) {
    const auto results = generate(model, model.read(kPrompts), {.max_tokens = 12, .stop = {stop}});
    for (size_t i = 0; i < kPrompts.size(); ++i) {
      EXPECT_EQ(results[i].tokens, greedy_without_cache(model, kPrompts[i], 12, stop));
      EXPECT_EQ(results[i].end == Generated::End::stop, results[i].tokens.size() < 12);
      auto whole = results[i].tokens;
      if (results[i].end == Generated::End::stop) whole.push_back(stop);
      EXPECT_NEAR(results[i].log_prob, model.log_prob(kPrompts[i], whole), 1e-4);
    }
  }
}

TEST(Generate, ASampleDoesNotDependOnItsBatch) {
  ToyModel model(9);
  GenerateOptions options{
      .sampling = {.temperature = 1.3, .top_p = 0.95}, .max_tokens = 20, .stop = {3}, .seed = 4};
  options.streams = {10, 11, 12, 13};
  const auto together = generate(model, model.read(kPrompts), options);
  for (size_t i = 0; i < kPrompts.size(); ++i) {
    auto alone = options;
    alone.streams = {10 + i};
    EXPECT_EQ(generate(model, model.read({kPrompts[i]}), alone)[0].tokens, together[i].tokens);
  }
  options.seed = 5;
  const auto other = generate(model, model.read(kPrompts), options);
  EXPECT_TRUE(other[0].tokens != together[0].tokens || other[2].tokens != together[2].tokens);
}

TEST(Generate, SamplesFollowTheModel) {
  ToyModel model(6);
  // One prompt read once, forked into many samples of one token.
  const auto prompt = model.read({{1, 2}});
  constexpr int64_t kSamples = 4000;
  Prompt many{prompt.state.fork(kSamples), prompt.logits_NV.repeat({kSamples, 1}), {}};
  const auto results = generate(model, many, {.sampling = {.temperature = 1}, .max_tokens = 1, .seed = 2});
  std::vector<double> count(6, 0);
  for (const auto& r : results) ++count[static_cast<size_t>(r.tokens[0])];
  const Tensor probability = model.next({1, 2}).exp();
  double chi_square = 0;
  for (int64_t t = 0; t < 6; ++t) {
    const double expected = kSamples * probability[t].item<double>();
    chi_square += std::pow(count[static_cast<size_t>(t)] - expected, 2) / expected;
  }
  EXPECT_LT(chi_square, 20.5);  // 0.999 quantile at 5 degrees of freedom
}

TEST(Generate, RepetitionPenaltyCountsThePrompt) {
  ToyModel model(9);
  const auto results =
      generate(model, model.read(kPrompts), {.sampling = {.repetition_penalty = 1.7}, .max_tokens = 6});
  bool changed = false;
  for (size_t i = 0; i < kPrompts.size(); ++i) {
    auto seen = kPrompts[i];
    for (const int64_t token : results[i].tokens) {
      const Tensor logits = model.raw(seen);
      const auto best = logits.argmax().item<int64_t>();
      for (const int64_t t : std::set<int64_t>(seen.begin(), seen.end())) {
        logits[t].mul_(logits[t].item<float>() > 0 ? 1 / 1.7 : 1.7);
      }
      EXPECT_EQ(token, logits.argmax().item<int64_t>());
      changed = changed || token != best;
      seen.push_back(token);
    }
  }
  EXPECT_TRUE(changed);
}

TEST(Generate, EditsForbidAndCallbacksEnd) {
  ToyModel model(9);
  std::vector<std::pair<int64_t, int64_t>> streamed;
  GenerateOptions options{.max_tokens = 6};
  options.edit = [](int64_t row, std::span<const int64_t> tokens, std::span<float> logits) {
    // Row 0 counts upwards.
    if (row != 0) return;
    for (size_t t = 0; t < logits.size(); ++t) {
      if (t != tokens.size()) logits[t] = -INFINITY;
    }
  };
  options.on_token = [&](int64_t row, int64_t token, double log_prob) {
    EXPECT_LE(log_prob, 0);
    streamed.emplace_back(row, token);
    return row != 1;
  };
  const auto results = generate(model, model.read(kPrompts), options);
  EXPECT_EQ(results[0].tokens, (Tokens{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(results[1].tokens.size(), 1u);
  EXPECT_EQ(results[1].end, Generated::End::caller);
  Tokens of_row_2;
  for (const auto& [row, token] : streamed) {
    if (row == 2) of_row_2.push_back(token);
  }
  EXPECT_EQ(of_row_2, results[2].tokens);
}

TEST(Generate, EdgesAndWrongOptions) {
  ToyModel model(9);
  const auto prompt = model.read(kPrompts);
  const auto none = generate(model, prompt, {.max_tokens = 0});
  EXPECT_EQ(none.size(), 4u);
  EXPECT_TRUE(none[0].tokens.empty());
  model.steps = 0;
  generate(model, prompt, {.max_tokens = 3});
  EXPECT_EQ(model.steps, 2);  // the prompt's logits give the first token
  EXPECT_THROW(generate(model, prompt, {.max_tokens = -1}), UsageError);
  EXPECT_THROW(generate(model, prompt, {.streams = {1}}), UsageError);
  EXPECT_THROW(model.read({{1}, {}}), Error);
  EXPECT_THROW(read_prompt(model, at::zeros({2, 0}, at::kLong), {}, model.empty()), Error);
}

TEST(Generate, LeftPaddedPromptsGiveTheSame) {
  ToyModel model(9);
  const Tensor ids = at::tensor({0, 0, 1, 2, 3, 4, 5, 6}, at::kLong).view({2, 4});
  const Tensor valid = at::tensor({0, 0, 1, 1, 1, 1, 1, 1}, at::kLong).view({2, 4}).to(at::kBool);
  const auto left = generate(model, read_prompt(model, ids, valid, model.empty()), {.max_tokens = 5});
  const auto right = generate(model, model.read({{1, 2}, {3, 4, 5, 6}}), {.max_tokens = 5});
  EXPECT_EQ(left[0].tokens, right[0].tokens);
  EXPECT_EQ(left[1].tokens, right[1].tokens);
}

}  // namespace
}  // namespace conclave
