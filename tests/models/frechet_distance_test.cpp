#include "models/audio/frechet_distance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

TEST(FrechetDistance, OfGaussiansOfKnownMoments) {
  // Along one axis at a time: (m_a - m_b)² + (s_a - s_b)², axis by axis.
  const Tensor a = at::tensor({-1.0, 0.0, 1.0, 0.0, 0.0, -2.0, 0.0, 2.0}, at::kDouble).view({4, 2});
  const Tensor b = a * at::tensor({3.0, 0.5}, at::kDouble) + at::tensor({1.0, -2.0}, at::kDouble);
  const Tensor deviation = a.std(0);
  const double spread =
      (2 * deviation[0]).square().item<double>() + (0.5 * deviation[1]).square().item<double>();
  EXPECT_NEAR(frechet_distance(a, b), 1 + 4 + spread, 1e-12);
  EXPECT_NEAR(frechet_distance(b, a), frechet_distance(a, b), 1e-12);
  EXPECT_NEAR(frechet_distance(a, a), 0, 1e-12);
}

TEST(FrechetDistance, DoesNotChangeWhenBothAreTurned) {
  const Tensor a = at::sin(at::arange(60, at::kDouble) * 1.7).view({20, 3});
  const Tensor b = at::cos(at::arange(90, at::kDouble) * 0.9).view({30, 3}) + 0.3;
  const Tensor turn = std::get<0>(at::linalg_qr(at::sin(at::arange(9, at::kDouble) * 2.1).view({3, 3})));
  EXPECT_NEAR(frechet_distance(at::matmul(a, turn), at::matmul(b, turn)), frechet_distance(a, b), 1e-6);
}

TEST(FrechetDistance, RefusesWhatHasNoCovariance) {
  EXPECT_THROW(frechet_distance(at::zeros({1, 2}), at::zeros({4, 2})), UsageError);
  EXPECT_THROW(frechet_distance(at::zeros({4, 2}), at::zeros({4, 3})), UsageError);
  EXPECT_THROW(frechet_distance(at::zeros({4, 2}), at::full({4, 2}, NAN)), UsageError);
}

}  // namespace
}  // namespace conclave
