// Loudness, against the standard's own definition, and what has none.
#include "framework/media/loudness.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "framework/base/error.h"

namespace conclave {
namespace {

using at::Tensor;

Tensor tone(double hertz, double seconds, int64_t rate, double height) {
  const auto samples = static_cast<int64_t>(seconds * static_cast<double>(rate));
  return at::sin(at::arange(samples, at::kDouble) *
                 (2 * std::numbers::pi * hertz / static_cast<double>(rate)))
             .to(at::kFloat) *
         height;
}

// BS.1770: a full-scale sine of 997 Hz in one channel is at -3.01 LUFS.
TEST(Loudness, OfAFullScaleSine) {
  const auto loudness = measure_loudness(tone(997, 3, 48000, 1), 48000);
  ASSERT_TRUE(loudness.integrated);
  EXPECT_NEAR(*loudness.integrated, -3.01, 0.05);
  EXPECT_NEAR(loudness.true_peak, 1, 0.01);
  // Short sound counts as if it went on.
  EXPECT_NEAR(*measure_loudness(tone(997, 0.2, 48000, 1), 48000).integrated, -3.01, 0.3);
}

TEST(Loudness, IsReached) {
  for (const double height : {0.001, 0.05, 0.9}) {
    const Tensor made = normalise_loudness(tone(500, 2, 16000, height), 16000, {.target = -20});
    EXPECT_NEAR(*measure_loudness(made, 16000).integrated, height == 0.001 ? -24 : -20, 1.5) << height;
  }
  EXPECT_THROW(normalise_loudness(tone(500, 1, 8000, 1), 8000, {.target = 3}), UsageError);
}

TEST(Loudness, PeaksStayBelowTheCeiling) {
  // Clicks over a quiet tone: the wanted loudness would put them far above full scale.
  Tensor x = tone(300, 2, 8000, 0.02);
  for (int64_t at = 500; at < 16000; at += 1700) x[at] = at % 200 == 0 ? -0.8 : 0.8;
  const Tensor made = normalise_loudness(x, 8000);
  const auto loudness = measure_loudness(made, 8000);
  EXPECT_LE(loudness.true_peak, std::pow(10, -1.0 / 20) + 1e-3);
  EXPECT_GT(*loudness.integrated, *measure_loudness(x, 8000).integrated + 3);
  EXPECT_TRUE(at::isfinite(made).all().item<bool>());
}

TEST(Loudness, TheLimiterLeavesWhatIsBelow) {
  const Tensor x = tone(300, 0.5, 8000, 0.4);
  EXPECT_TRUE(at::equal(limit_peaks(x, 8000, 0.9), x));
  const Tensor loud = tone(300, 0.5, 8000, 1.7);
  EXPECT_LE(limit_peaks(loud, 8000, 0.9).abs().max().item<double>(), 0.9 + 1e-4);
  EXPECT_EQ(limit_peaks(at::empty({0}), 8000, 0.9).size(0), 0);
}

TEST(Loudness, SilenceAndOneSampleStay) {
  const Tensor silence = at::zeros({4000});
  EXPECT_TRUE(at::equal(normalise_loudness(silence, 8000), silence));
  EXPECT_FALSE(measure_loudness(silence, 8000).integrated);
  const Tensor one = at::full({1}, 0.5);
  EXPECT_TRUE(at::isfinite(normalise_loudness(one, 8000)).all().item<bool>());
  EXPECT_LE(normalise_loudness(one, 8000).abs().max().item<double>(), 0.9);
  EXPECT_EQ(normalise_loudness(at::empty({0}), 8000).size(0), 0);
}

}  // namespace
}  // namespace conclave
