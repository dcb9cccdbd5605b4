#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "framework/base/error.h"
#include "models/ultrasound/rater_distance.h"
#include "models/ultrasound/reading.h"

namespace conclave::ultrasound {
namespace {

using ::testing::HasSubstr;

Tensor shares(std::initializer_list<int64_t> shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::rand(shape);
}

TEST(JaccardDistance, EqualsOneMinusMinimumOverMaximum) {
  const Tensor a = shares({2, 3, 5}, 1), b = shares({2, 4, 5}, 2);
  const Tensor wide_a = a.unsqueeze(2), wide_b = b.unsqueeze(1);
  const Tensor expected = 1 - at::minimum(wide_a, wide_b).sum(3) / at::maximum(wide_a, wide_b).sum(3);
  EXPECT_TRUE(at::allclose(jaccard_distance(a, b), expected, 1e-5, 1e-6));
  const Tensor empty = at::zeros({1, 1, 5});
  EXPECT_EQ(jaccard_distance(empty, empty).item<float>(), 0);
  EXPECT_EQ(jaccard_distance(empty, at::ones({1, 1, 5})).item<float>(), 1);
}

// Two outlines without a common pixel, and both of them as raters: 2 * 1/2 - 1 - 1.
TEST(EnergyDistance, ByHand) {
  const Tensor both = at::eye(2).unsqueeze(0);
  EXPECT_NEAR(energy_distance(both, both).item<double>(), -1, 1e-6);
  const Tensor first_twice = both.index_select(1, at::zeros({2}, at::kLong));
  EXPECT_NEAR(energy_distance(first_twice, both).item<double>(), 2 * 0.5 - 0 - 1, 1e-6);
  const Tensor one_rater = both.narrow(1, 0, 1);
  EXPECT_NEAR(energy_distance(both, one_rater).item<double>(), 2 * 0.5 - 1, 1e-6);
}

TEST(SinkhornDivergence, IsZeroForEqualSetsAndPositiveForOthers) {
  const Tensor a = shares({3, 4, 6}, 3), b = shares({3, 4, 6}, 4);
  const Tensor shuffled = a.index_select(1, at::tensor({2, 0, 3, 1}));
  EXPECT_NEAR(sinkhorn_divergence(a, shuffled, 0.05).abs().max().item<double>(), 0, 1e-4);
  EXPECT_GT(sinkhorn_divergence(a, b, 0.05).min().item<double>(), 0.01);
}

// With little blur it is the cheapest assignment, found here by trying all of them.
TEST(SinkhornDivergence, WithLittleBlurIsTheCheapestTransport) {
  const Tensor a = shares({1, 4, 6}, 5), b = shares({1, 4, 6}, 6);
  const Tensor cost = jaccard_distance(a, b)[0];
  std::vector<int64_t> order(4);
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (int64_t i = 0; i < 4; ++i) sum += cost[i][order[static_cast<size_t>(i)]].item<double>() / 4;
    least = std::min(least, sum);
  } while (std::ranges::next_permutation(order).found);
  EXPECT_NEAR(sinkhorn_divergence(a, b, 0.004).item<double>(), least, 0.01);
}

// With much blur every outline is moved to every rater's: half the energy distance over all pairs.
TEST(SinkhornDivergence, WithMuchBlurIsHalfTheEnergyDistance) {
  const Tensor a = shares({1, 3, 6}, 7), b = shares({1, 2, 6}, 8);
  const double energy = 2 * jaccard_distance(a, b).mean().item<double>() -
                        jaccard_distance(a, a).mean().item<double>() -
                        jaccard_distance(b, b).mean().item<double>();
  EXPECT_NEAR(sinkhorn_divergence(a, b, 100).item<double>(), energy / 2, 1e-3);
}

TEST(RaterDistance, GradientsPullAnOutlineToTheRaters) {
  const Tensor raters = at::eye(3).narrow(0, 0, 2).unsqueeze(0);
  for (const auto distance : {SetDistance::energy, SetDistance::sinkhorn}) {
    const Tensor samples = at::full({1, 2, 3}, 0.5).set_requires_grad(true);
    rater_distance(samples, raters, {1, 2, distance, 0.1}).sum().backward();
    // No rater has the third pixel.
    EXPECT_GT(samples.grad().select(2, 2).min().item<double>(), 0);
  }
}

TEST(RaterDistance, WrongSettingsNameTheKey) {
  const auto wrong = [](const Json& json) {
    try {
      parse_rater_loss(json, "losses.raters");
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("no UsageError");
  };
  EXPECT_THAT(wrong({{"distance", "cosine"}}), HasSubstr("losses.raters.distance"));
  EXPECT_THAT(wrong({{"samples", 1}}), HasSubstr("losses.raters.samples"));
  EXPECT_THAT(wrong({{"samples", 1000}}), HasSubstr("losses.raters.samples"));
  EXPECT_THAT(wrong({{"weight", 0}}), HasSubstr("losses.raters.weight"));
  EXPECT_THAT(wrong({{"blur", 0}}), HasSubstr("losses.raters.blur"));
  EXPECT_THAT(wrong({{"blurr", 0.1}}), HasSubstr("blurr"));
}

// Raters who draw either half of a picture, and a reader that draws one half, both, or always all of it.
TEST(GeneralisedEnergyDistance, ByHand) {
  const Tensor left = at::tensor({1, 1, 0, 0}).view({1, 4}), right = 1 - left, all = at::ones({1, 4});
  EXPECT_DOUBLE_EQ(generalised_energy_distance({left, right}, {left, right}), 0);
  EXPECT_DOUBLE_EQ(generalised_energy_distance({left}, {left, right}), 2 * 0.5 - 0 - 0.5);
  EXPECT_DOUBLE_EQ(generalised_energy_distance({all}, {left, right}), 2 * 0.5 - 0 - 0.5);
  EXPECT_DOUBLE_EQ(generalised_energy_distance({left}, {left}), 0);
}

}  // namespace
}  // namespace conclave::ultrasound
