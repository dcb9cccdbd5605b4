#include "framework/generate/sampling.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)) + 3);
  return logits;
}

void expect_choices(const std::vector<Choice>& found,
                    const std::vector<std::pair<int64_t, double>>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].token, expected[i].first);
    EXPECT_NEAR(found[i].probability, expected[i].second, 1e-6);
  }
}

const std::vector<double> kProbabilities{0.1, 0.4, 0.2, 0.3};

TEST(Sampling, ZeroTemperatureTakesTheBestAndTheLowerIdOnTies) {
  expect_choices(choices(logits_of(kProbabilities), {}), {{1, 1}});
  expect_choices(choices(std::vector<float>{1, 2, 2}, {}), {{1, 1}});
}

TEST(Sampling, TemperatureOneKeepsTheDistribution) {
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1}),
                 {{1, 0.4}, {3, 0.3}, {2, 0.2}, {0, 0.1}});
}

TEST(Sampling, TemperatureSharpens) {
  // Squares: 16, 9, 4, 1 of 30.
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 0.5}),
                 {{1, 16 / 30.}, {3, 9 / 30.}, {2, 4 / 30.}, {0, 1 / 30.}});
}

TEST(Sampling, TopK) {
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1, .top_k = 2}),
                 {{1, 4 / 7.}, {3, 3 / 7.}});
  expect_choices(choices(std::vector<float>{0, 0, 0}, {.temperature = 1, .top_k = 2}), {{0, 0.5}, {1, 0.5}});
  EXPECT_EQ(choices(logits_of(kProbabilities), {.temperature = 1, .top_k = 9}).size(), 4u);
}

TEST(Sampling, TopPKeepsTheTokenThatCrosses) {
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1, .top_p = 0.5}),
                 {{1, 4 / 7.}, {3, 3 / 7.}});
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1, .top_p = 0.01}), {{1, 1}});
}

TEST(Sampling, TopPCountsWhatTopKLeft) {
  // After top_k = 2: 4/7 and 3/7; 0.55 of that is held by the first alone.
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1, .top_k = 2, .top_p = 0.55}), {{1, 1}});
}

TEST(Sampling, MinP) {
  expect_choices(choices(logits_of(kProbabilities), {.temperature = 1, .min_p = 0.6}),
                 {{1, 4 / 7.}, {3, 3 / 7.}});
}

TEST(Sampling, ForbiddenTokensNeverCome) {
  std::vector<float> logits{1, -INFINITY, 1};
  expect_choices(choices(logits, {.temperature = 2}), {{0, 0.5}, {2, 0.5}});
  logits.assign(3, -INFINITY);
  EXPECT_THROW(choices(logits, {}), Error);
  EXPECT_THROW(choices({}, {}), Error);
}

TEST(Sampling, PenaltyLowersEitherSign) {
  std::vector<float> logits{2, -2, 4};
  penalise(logits, std::vector<int64_t>{0, 1, 0, 7}, 2);
  EXPECT_EQ(logits, (std::vector<float>{1, -4, 4}));
}

TEST(Sampling, DrawsFollowTheDistribution) {
  const auto from = choices(logits_of(kProbabilities), {.temperature = 1});
  Random random(1, "draws");
  constexpr int kDraws = 20000;
  std::vector<int> count(4, 0);
  for (int i = 0; i < kDraws; ++i) ++count[static_cast<size_t>(draw(from, random))];
  double chi_square = 0;
  for (size_t i = 0; i < 4; ++i) {
    const double expected = kDraws * kProbabilities[i];
    chi_square += (count[i] - expected) * (count[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.27);  // 0.999 quantile at 3 degrees of freedom
  EXPECT_GT(chi_square, 0.02);   // 0.001 quantile: too even would be wrong as well
}

TEST(Sampling, WrongOptionsAreNamed) {
  EXPECT_THROW(Sampling{.temperature = -1}.check(), UsageError);
  EXPECT_THROW(Sampling{.top_k = -1}.check(), UsageError);
  EXPECT_THROW(Sampling{.top_p = 0}.check(), UsageError);
  EXPECT_THROW(Sampling{.min_p = 1.5}.check(), UsageError);
  EXPECT_THROW(Sampling{.repetition_penalty = 0}.check(), UsageError);
}

}  // namespace
}  // namespace conclave
