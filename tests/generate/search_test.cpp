// Scores and beams against the enumeration of every continuation.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/generate/beam_search.h"
#include "framework/generate/generate.h"
#include "framework/generate/score.h"
#include "generate/toy_model.h"

namespace conclave {
namespace {

using Tokens = std::vector<int64_t>;
constexpr int64_t kStop = 0;

struct Enumerated {
  Tokens tokens;
  double log_prob;
};

// Every continuation that ends with the stop token or has max_tokens tokens, the best first.
std::vector<Enumerated> enumerate(const ToyModel& model, const Tokens& prompt, int64_t max_tokens) {
  std::vector<Enumerated> open{{{}, 0}}, found;
  while (!open.empty()) {
    std::vector<Enumerated> longer;
    for (const auto& one : open) {
      Tokens read = prompt;
      read.insert(read.end(), one.tokens.begin(), one.tokens.end());
      const Tensor next = model.next(read);
      for (int64_t t = 0; t < next.size(0); ++t) {
        Enumerated grown{one.tokens, one.log_prob + next[t].item<double>()};
        if (t != kStop) grown.tokens.push_back(t);
        const bool ends = t == kStop || static_cast<int64_t>(grown.tokens.size()) == max_tokens;
        (ends ? found : longer).push_back(grown);
      }
    }
    open = longer;
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.log_prob > b.log_prob; });
  return found;
}

TEST(BeamSearch, WideBeamsFindEverythingInOrder) {
  ToyModel model(4);
  const Tokens prompt{1, 3};
  const auto all = enumerate(model, prompt, 3);
  ASSERT_EQ(all.size(), 1u + 3 + 9 * 4);
  const auto beams =
      beam_search(model, model.read({prompt}), {.beams = 40, .max_tokens = 3, .stop = {kStop}})[0];
  ASSERT_EQ(beams.size(), all.size());
  double mass = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(beams[i].tokens, all[i].tokens) << i;
    EXPECT_NEAR(beams[i].log_prob, all[i].log_prob, 1e-5);
    mass += std::exp(beams[i].log_prob);
  }
  EXPECT_NEAR(mass, 1, 1e-5);
}

TEST(BeamSearch, FewBeamsStopEarlyWithTheBestOnes) {
  ToyModel model(4);
  const Tokens prompt{2};
  const auto all = enumerate(model, prompt, 4);
  const auto beams =
      beam_search(model, model.read({prompt}), {.beams = 12, .max_tokens = 4, .stop = {kStop}})[0];
  ASSERT_EQ(beams.size(), 12u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(beams[i].tokens, all[i].tokens);
  EXPECT_TRUE(std::is_sorted(beams.begin(), beams.end(),
                             [](const Beam& a, const Beam& b) { return a.score > b.score; }));
}

TEST(BeamSearch, OneBeamWithoutStopIsGreedy) {
  ToyModel model(7);
  const std::vector<Tokens> prompts{{1, 2}, {3}, {4, 4, 4}};
  const auto greedy = generate(model, model.read(prompts), {.max_tokens = 8});
  const auto beams = beam_search(model, model.read(prompts), {.beams = 1, .max_tokens = 8});
  for (size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(beams[i][0].tokens, greedy[i].tokens);
    EXPECT_FALSE(beams[i][0].stopped);
  }
}

TEST(BeamSearch, PromptsOfABatchAreIndependent) {
  ToyModel model(6);
  const std::vector<Tokens> prompts{{1, 2}, {3}, {4, 5, 4}};
  const BeamOptions options{.beams = 3, .max_tokens = 6, .stop = {kStop}, .length_penalty = 0.7};
  const auto together = beam_search(model, model.read(prompts), options);
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto alone = beam_search(model, model.read({prompts[i]}), options)[0];
    ASSERT_EQ(alone.size(), together[i].size());
    for (size_t b = 0; b < alone.size(); ++b) {
      EXPECT_EQ(alone[b].tokens, together[i][b].tokens);
      EXPECT_NEAR(alone[b].log_prob, together[i][b].log_prob, 1e-5);
      Tokens whole = alone[b].tokens;
      if (alone[b].stopped) whole.push_back(kStop);
      EXPECT_NEAR(alone[b].log_prob, model.log_prob(prompts[i], whole), 1e-4);
      EXPECT_NEAR(alone[b].score, alone[b].log_prob / std::pow(whole.size(), 0.7), 1e-9);
    }
  }
}

TEST(BeamSearch, WrongOptionsAreNamed) {
  ToyModel model(4);
  const auto prompt = model.read({{1}});
  EXPECT_THROW(beam_search(model, prompt, {.beams = 0}), UsageError);
  EXPECT_THROW(beam_search(model, prompt, {.max_tokens = 0}), UsageError);
  EXPECT_THROW(beam_search(model, prompt, {.length_penalty = -1}), UsageError);
}

TEST(ScoreAnswers, EqualReadingFromTheStart) {
  ToyModel model(7);
  const std::vector<Tokens> prompts{{1, 2}, {3}, {4, 5, 4}};
  const std::vector<Tokens> answers{{1}, {2, 0}, {6, 5, 4, 0}, {3, 3, 0}, {0}};
  const auto prompt = model.read(prompts);
  for (const int64_t max_rows : {1, 7, 256}) {
    const Tensor scores = score_answers(model, prompt, answers, max_rows);
    ASSERT_EQ(scores.sizes(), (std::vector<int64_t>{3, 5}));
    for (int64_t n = 0; n < 3; ++n) {
      for (int64_t a = 0; a < 5; ++a) {
        EXPECT_NEAR(scores[n][a].item<double>(),
                    model.log_prob(prompts[static_cast<size_t>(n)], answers[static_cast<size_t>(a)]), 1e-4);
      }
    }
  }
}

TEST(ScoreAnswers, AllAnswersTogetherHaveMassOne) {
  ToyModel model(3);
  std::vector<Tokens> answers{{0}};
  for (int64_t a = 1; a < 3; ++a) {
    answers.push_back({a, 0});
    for (int64_t b = 1; b < 3; ++b) answers.push_back({a, b});
  }
  const Tensor scores = score_answers(model, model.read({{1, 2, 2}, {2}}), answers);
  for (int64_t n = 0; n < 2; ++n) EXPECT_NEAR(scores[n].exp().sum().item<double>(), 1, 1e-5);
}

TEST(ScoreAnswers, Edges) {
  ToyModel model(3);
  const auto prompt = model.read({{1}});
  EXPECT_EQ(score_answers(model, prompt, {}).sizes(), (std::vector<int64_t>{1, 0}));
  EXPECT_THROW(score_answers(model, prompt, {{}}), Error);
  EXPECT_THROW(score_answers(model, prompt, {{1, 3}}), Error);
}

}  // namespace
}  // namespace conclave
