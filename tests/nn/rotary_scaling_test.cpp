#include "framework/nn/rotary_scaling.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Rotary scaled(const Json& config, int64_t longest = 4096) {
  Rotary rotary{.dim = 8};
  scale_rotary(rotary, config, longest, "rope");
  return rotary;
}

double frequency(const Rotary& r, int64_t i) {
  return r.frequency_C[i].item<double>();
}

TEST(RotaryScaling, NoneAndLinear) {
  EXPECT_FALSE(scaled({{"rope_type", "default"}}).frequency_C.defined());
  EXPECT_FALSE(scaled(Json()).frequency_C.defined());
  const Rotary linear = scaled({{"type", "linear"}, {"factor", 4.0}});
  EXPECT_DOUBLE_EQ(frequency(linear, 0), 0.25);
  EXPECT_DOUBLE_EQ(frequency(linear, 1), 0.025);
}

// Frequencies 1, 0.1, 0.01, 0.001 make 10.2, 1.02, 0.10, 0.010 turns over 64 places.
TEST(RotaryScaling, Llama3DividesSlowOnes) {
  const Rotary r = scaled({{"rope_type", "llama3"},
                           {"factor", 8.0},
                           {"low_freq_factor", 1.0},
                           {"high_freq_factor", 4.0},
                           {"original_max_position_embeddings", 64}});
  EXPECT_DOUBLE_EQ(frequency(r, 0), 1);
  EXPECT_DOUBLE_EQ(frequency(r, 2), 0.01 / 8);
  const double keep = (64 * 0.1 / (2 * M_PI) - 1) / 3;
  EXPECT_NEAR(frequency(r, 1), 0.1 * keep + 0.1 / 8 * (1 - keep), 1e-12);
}

TEST(RotaryScaling, YarnRampsBetweenTurns) {
  const Rotary r = scaled({{"type", "yarn"},
                           {"factor", 8},
                           {"beta_fast", 2},
                           {"beta_slow", 0.5},
                           {"original_max_position_embeddings", 64}});
  // 2 turns: index 8·ln(64/4π)/(2 ln 10000) = 0.707 -> 0; half a turn: 1.31 -> 2.
  EXPECT_NEAR(frequency(r, 0), 1, 1e-12);
  EXPECT_NEAR(frequency(r, 1), 0.1 * 0.5 + 0.1 / 8 * 0.5, 1e-12);
  EXPECT_NEAR(frequency(r, 2), 0.01 / 8, 1e-12);
  EXPECT_NEAR(r.magnitude, 0.1 * std::log(8.0) + 1, 1e-12);
  const Rotation turned = r.angles(at::zeros({1, 1}, at::kLong));
  EXPECT_NEAR(turned.cos_N1LC.max().item<double>(), r.magnitude, 1e-6);
  EXPECT_EQ(scaled({{"type", "yarn"}, {"factor", 8}, {"mscale", 1.0}, {"mscale_all_dim", 1.0}}).magnitude, 1);
  EXPECT_NEAR(latent_score_scale({{"type", "yarn"}, {"factor", 8}, {"mscale_all_dim", 1.0}}),
              std::pow(0.1 * std::log(8.0) + 1, 2), 1e-12);
  EXPECT_EQ(latent_score_scale(Json()), 1);
}

TEST(RotaryScaling, LongRopeChangesWithTheReach) {
  const Json config = {{"type", "longrope"},
                       {"short_factor", {1, 1, 1, 1}},
                       {"long_factor", {2, 2, 4, 4}},
                       {"original_max_position_embeddings", 16}};
  const Rotary r = scaled(config, 64);
  EXPECT_NEAR(r.magnitude, std::sqrt(1 + std::log(4.0) / std::log(16.0)), 1e-12);
  const auto sine = [&](int64_t position, int64_t reach) {
    const Tensor place = at::tensor({position, reach}, at::kLong).unsqueeze(0);
    return r.angles(place).sin_N1LC.index({0, 0, 0, 1}).item<double>() / r.magnitude;
  };
  EXPECT_NEAR(sine(3, 15), std::sin(0.3), 1e-6);
  EXPECT_NEAR(sine(3, 16), std::sin(0.15), 1e-6);
  Json wrong = config;
  wrong["long_factor"] = {1, 2};
  EXPECT_THROW(scaled(wrong), UsageError);
  EXPECT_THROW(scaled({{"type", "spiral"}}), UsageError);
}

// Pairs leave in the half-split order; products with other pairs stay what they are.
TEST(Rotary, PairsTurnTogether) {
  at::manual_seed(1);
  const Tensor x = at::randn({1, 1, 4, 8}), position = at::arange(4).unsqueeze(0);
  const Rotation pairs = Rotary{.dim = 8, .pairs = true}.angles(position);
  const Rotation halves = Rotary{.dim = 8}.angles(position);
  const Tensor order = at::tensor({0, 2, 4, 6, 1, 3, 5, 7}, at::kLong);
  EXPECT_LT(max_difference(rotate(x, pairs), rotate(x.index_select(-1, order), halves)), 1e-6);
}

}  // namespace
}  // namespace conclave
