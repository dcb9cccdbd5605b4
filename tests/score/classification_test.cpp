#include "framework/score/classification.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/random.h"

namespace conclave {
namespace {

TEST(RocAuc, EqualsTheShareOfPairsInTheRightOrder) {
  Random random(3);
  std::vector<double> score;
  std::vector<uint8_t> positive;
  for (int i = 0; i < 60; ++i) {
    positive.push_back(random.chance(0.4));
    score.push_back(static_cast<double>(random.below(12)) + (positive.back() ? 2 : 0));  // with ties
  }
  double right = 0, pairs = 0;
  for (size_t p = 0; p < score.size(); ++p)
    for (size_t n = 0; n < score.size(); ++n) {
      if (!positive[p] || positive[n]) continue;
      right += score[p] > score[n] ? 1 : score[p] == score[n] ? 0.5 : 0;
      ++pairs;
    }
  EXPECT_NEAR(roc_auc(score, positive), right / pairs, 1e-12);
}

TEST(RocAuc, NeedsBothKinds) {
  EXPECT_TRUE(std::isnan(roc_auc(std::vector<double>{1, 2}, std::vector<uint8_t>{1, 1})));
  EXPECT_TRUE(std::isnan(roc_auc({}, {})));
}

TEST(Confusion, CountsByHand) {
  Confusion c(3);
  // truth 0: 2 right, 1 as 1; truth 1: 1 right, 1 as 2; truth 2: 1 as 0.
  for (const auto& [t, g] : {std::pair<size_t, size_t>{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 0}})
    c.add(t, g);
  EXPECT_DOUBLE_EQ(c.accuracy(), 3.0 / 6);
  EXPECT_DOUBLE_EQ(c.within(1), 5.0 / 6);
  // F1: 2·2/(3+3), 2·1/(2+2), 0/(1+1).
  EXPECT_DOUBLE_EQ(c.macro_f1(), (4.0 / 6 + 2.0 / 4 + 0) / 3);
  // Squared distances seen 0+0+1+0+1+4 = 6; by chance: rows 3,2,1, columns 3,2,1 over 6.
  EXPECT_NEAR(c.quadratic_kappa(), 1 - 6.0 / ((3 * 2 + 3 * 4 + 2 * 3 + 2 * 1 + 3 * 4 + 2 * 1) / 6.0), 1e-12);
}

TEST(Confusion, AbsentClassesDoNotCount) {
  Confusion c(4);
  c.add(1, 1);
  EXPECT_DOUBLE_EQ(c.macro_f1(), 1);
  EXPECT_TRUE(std::isnan(Confusion(2).macro_f1()));
}

TEST(OperatingPoint, CountsBothKinds) {
  const auto p = at_threshold(std::vector<double>{0.9, 0.4, 0.6, 0.1}, std::vector<uint8_t>{1, 1, 0, 0}, 0.5);
  EXPECT_DOUBLE_EQ(p.sensitivity, 0.5);
  EXPECT_DOUBLE_EQ(p.specificity, 0.5);
}

}  // namespace
}  // namespace conclave
