// Distances of sounds, against values worked out by hand.
#include "models/audio/sound_distance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace conclave {
namespace {

Tensor tone(double step, int64_t samples = 4000) {
  return at::sin(at::arange(samples, at::kFloat) * step).unsqueeze(0);
}

TEST(SoundDistance, OfEqualSoundsIsZero) {
  const Tensor x = tone(0.2);
  EXPECT_EQ(mel_distance(x, x, 8000).item<double>(), 0);
  EXPECT_EQ(stft_distance(x, x).item<double>(), 0);
}

TEST(SoundDistance, MelFiltersAreTriangles) {
  const Tensor f = mel_filters(256, 32, 8000);
  EXPECT_EQ(f.sizes(), at::IntArrayRef({32, 129}));
  EXPECT_GE(f.min().item<double>(), 0);
  EXPECT_LE(f.max().item<double>(), 1);
  // Between the first and the last peak neighbours overlap to one.
  const Tensor sum = f.sum(0).narrow(0, 4, 115);
  EXPECT_NEAR(sum.min().item<double>(), 1, 1e-4);
  EXPECT_NEAR(sum.max().item<double>(), 1, 1e-4);
}

TEST(SoundDistance, TenTimesLouderIsOneInLogMel) {
  at::manual_seed(1);
  const Tensor x = at::randn({1, 4000}) * 0.05;
  EXPECT_NEAR(mel_distance(10 * x, x, 8000).item<double>(), 1, 0.01);
}

TEST(SoundDistance, SiSdrIsOfTheScaleFree) {
  at::manual_seed(1);
  const Tensor x = tone(0.2), noise = at::randn({1, 4000});
  Tensor apart = noise - (noise * x).sum() / x.square().sum() * x;
  apart = apart * (x.norm() / apart.norm()) * 0.1;  // 20 dB below, at a right angle
  EXPECT_NEAR(si_sdr(x + apart, x).item<double>(), 20, 0.01);
  EXPECT_NEAR(si_sdr(3 * (x + apart), x).item<double>(), 20, 0.01);
  EXPECT_TRUE(std::isfinite(si_sdr(at::zeros({1, 10}), at::zeros({1, 10})).item<double>()));
}

TEST(SoundDistance, ShortSoundsCanBeCompared) {
  for (const int64_t samples : {1, 20, 100})
    EXPECT_TRUE(std::isfinite(mel_distance(tone(0.2, samples), tone(0.3, samples), 8000).item<double>()));
}

}  // namespace
}  // namespace conclave
