#include "apps/stream/statistics.h"

#include <gtest/gtest.h>

namespace conclave {
namespace {

TEST(Statistics, SpreadIsMeanAndSampleDeviation) {
  const Spread s = spread({1, 2, 3, 6});
  EXPECT_DOUBLE_EQ(s.mean, 3);
  EXPECT_NEAR(s.deviation, 2.1602, 1e-4);
  EXPECT_EQ(spread({}).n, 0);
  EXPECT_EQ(spread({4}).deviation, 0);
}

// Tables of the signed-rank test: W = 0 of 5 pairs is 2/32, W = 3 of 8 pairs is 10/256.
TEST(Statistics, WilcoxonIsExactForFewPairs) {
  EXPECT_DOUBLE_EQ(wilcoxon({1, 2, 3, 4, 5}), 0.0625);
  EXPECT_DOUBLE_EQ(wilcoxon({-1, -2, -3, -4, -5}), 0.0625);
  EXPECT_DOUBLE_EQ(wilcoxon({-3, 1, 2, 4, 5, 6, 7, 8}), 10.0 / 256);
  EXPECT_EQ(wilcoxon({0, 0}), 1);
  EXPECT_EQ(wilcoxon({1, -1}), 1);
}

TEST(Statistics, McNemarCountsRowsThatOneAloneGotRight) {
  EXPECT_DOUBLE_EQ(mcnemar(1, 9), 2 * 11.0 / 1024);
  EXPECT_EQ(mcnemar(0, 0), 1);
  EXPECT_EQ(mcnemar(5, 5), 1);
  // (|60 - 40| - 1)^2 / 100 = 3.61, of a chi-squared with one degree of freedom.
  EXPECT_NEAR(mcnemar(60, 40), 0.0574, 1e-4);
  EXPECT_LT(mcnemar(2000, 1000), 1e-12);
}

TEST(Statistics, McNemarOfRowsAsDigits) {
  std::vector<bool> first(13, true), second(13, true);
  for (int i = 0; i < 9; ++i) second[i] = false;
  first[12] = false;
  EXPECT_EQ(hex_of_bits(first), "fff0");
  EXPECT_EQ(hex_of_bits(second), "0078");
  EXPECT_DOUBLE_EQ(mcnemar(hex_of_bits(first), hex_of_bits(second)), mcnemar(9, 1));
}

TEST(Statistics, VerdictsNeedEveryPair) {
  EXPECT_EQ(verdict({0.1, 0.2}), "ahead");
  EXPECT_EQ(verdict({-0.1, -0.2}), "behind");
  EXPECT_EQ(verdict({0.1, -0.2}), "tie");
  EXPECT_EQ(verdict({}), "tie");
  EXPECT_TRUE(at_ceiling(0.7405, 0.74, 1000000));
  EXPECT_FALSE(at_ceiling(0.7415, 0.74, 1000000));
}

}  // namespace
}  // namespace conclave
