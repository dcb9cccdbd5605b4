#include "framework/score/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/random.h"

namespace conclave {
namespace {

TEST(Temperature, UndoesWhatTheLogitsWereMultipliedBy) {
  Random random(1);
  std::vector<std::vector<double>> logits;
  std::vector<int64_t> truth;
  for (int i = 0; i < 20000; ++i) {
    const double logit = 1.5 * random.normal();
    truth.push_back(random.chance(1 / (1 + std::exp(-logit))));
    logits.push_back({0, 3 * logit});
  }
  EXPECT_NEAR(fit_temperature(logits, truth), 3, 0.15);
  EXPECT_DOUBLE_EQ(fit_temperature({}, {}), 1);
}

TEST(Calibration, ErrorByHand) {
  // Bins of a fifth: 0.55 and 0.6 fall in (0.4, 0.6], 0.9 in (0.8, 1].
  const std::vector<double> confidence = {0.55, 0.6, 0.9};
  const std::vector<uint8_t> right = {1, 0, 1};
  const double gap = 2.0 / 3 * std::abs((0.55 + 0.6) / 2 - 0.5) + 1.0 / 3 * 0.1;
  EXPECT_NEAR(expected_calibration_error(confidence, right, Binning::equal_width, 5), gap, 1e-12);
  // Three bins of one each.
  EXPECT_NEAR(expected_calibration_error(confidence, right, Binning::equal_mass, 3), (0.45 + 0.6 + 0.1) / 3,
              1e-12);
  EXPECT_EQ(expected_calibration_error({}, {}, Binning::equal_width), 0);
}

TEST(Calibration, BothEndsHaveABin) {
  const auto bins =
      reliability(std::vector<double>{0, 1}, std::vector<uint8_t>{0, 1}, Binning::equal_width, 4);
  EXPECT_EQ(bins.front().count, 1);
  EXPECT_EQ(bins.back().count, 1);
}

TEST(Calibration, BrierAndLikelihoodByHand) {
  const std::vector<double> p = {0.8, 0.3};
  const std::vector<uint8_t> y = {1, 0};
  EXPECT_NEAR(brier_score(p, y), (0.04 + 0.09) / 2, 1e-12);
  EXPECT_NEAR(negative_log_likelihood(p, y), -(std::log(0.8) + std::log(0.7)) / 2, 1e-12);
}

TEST(Calibration, ChanceAloneLeavesAnErrorThatShrinksWithTheSample) {
  std::vector<double> few, many;
  Random random(2);
  for (int i = 0; i < 2000; ++i) {
    many.push_back(random.uniform());
    if (i < 100) few.push_back(many.back());
  }
  const double small = perfectly_calibrated_ece(many, Binning::equal_width, 50, 1);
  const double large = perfectly_calibrated_ece(few, Binning::equal_width, 50, 1);
  EXPECT_GT(small, 0);
  EXPECT_GT(large, 2 * small);
  EXPECT_DOUBLE_EQ(small, perfectly_calibrated_ece(many, Binning::equal_width, 50, 1));
}

TEST(RiskCoverage, ByHandWithTies) {
  const std::vector<double> confidence = {0.9, 0.8, 0.8, 0.5};
  const std::vector<uint8_t> right = {1, 0, 1, 0};
  const auto curve = risk_coverage(confidence, right);
  ASSERT_EQ(curve.size(), 3U);  // the two of 0.8 go together
  EXPECT_DOUBLE_EQ(risk_at(curve, 0.25), 0);
  EXPECT_DOUBLE_EQ(risk_at(curve, 0.5), 1.0 / 3);
  EXPECT_DOUBLE_EQ(risk_at(curve, 1), 0.5);
  EXPECT_NEAR(area_under_risk(curve), 0.25 * 0 + 0.5 / 3 + 0.25 * 0.5, 1e-12);
}

}  // namespace
}  // namespace conclave
