#include "framework/score/raters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kDraws = 20000;

TEST(Raters, PlausibleTruthsAreThoseOfTheBetaDistribution) {
  // P(share > 1/2) of Beta(a, b).
  EXPECT_NEAR(plausible_truths({2, 1}, kDraws, 1)[0], 0.75, 0.01);
  EXPECT_NEAR(plausible_truths({1, 3}, kDraws, 2)[1], 0.875, 0.01);
  EXPECT_NEAR(plausible_truths({4, 4}, kDraws, 3)[0], 0.5, 0.015);
  EXPECT_NEAR(plausible_truths({1, 1, 1}, kDraws, 4)[2], 1.0 / 3, 0.015);
}

TEST(Raters, ValuesThatNobodyNamedAreNotPlausible) {
  EXPECT_NEAR(plausible_truths({0, 3, 0}, 100, 1)[1], 1, 1e-9);
  EXPECT_DOUBLE_EQ(plausible_truths({0, 5}, 10, 1)[0], 0);
  EXPECT_EQ(plausible_truths({0, 0}, 10, 1), (std::vector<double>{0, 0}));
  EXPECT_TRUE(plausible_truths({}, 10, 1).empty());
  EXPECT_THROW(plausible_truths({1}, 0, 1), Error);
  EXPECT_THROW(plausible_truths({-1}, 10, 1), Error);
}

TEST(Raters, FiguresByHand) {
  // One case that all agree on, one with two against one, one without votes, one where nothing was told.
  const auto figures = rater_figures({{{3, 0}, 0}, {{1, 2}, 0}, {{0, 0}, 1}, {{2, 0}, -1}}, kDraws, 7);
  EXPECT_EQ(figures.cases, 2);
  EXPECT_NEAR(figures.plausible_accuracy, (1 + 0.25) / 2, 0.01);
  EXPECT_NEAR(figures.certainty, (1 + 0.75) / 2, 0.01);
  EXPECT_DOUBLE_EQ(figures.told_agreement, (1 + 1.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(figures.rater_agreement, (3.0 + 1 + 1) / (3 + 3 + 1));
  EXPECT_TRUE(std::isnan(rater_figures({{{1, 0}, 0}}, 10, 1).rater_agreement));
  EXPECT_EQ(rater_figures({}, 10, 1).cases, 0);
}

}  // namespace
}  // namespace conclave
