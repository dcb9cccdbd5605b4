#include "framework/nn/rotary.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

// One vector turned by the formula, frequency by frequency, with `position[i]` for frequency i.
std::vector<double> turned(const Tensor& x, const std::vector<double>& position, double theta) {
  const size_t half = position.size();
  std::vector<double> y(2 * half);
  for (size_t i = 0; i < half; ++i) {
    const double angle = position[i] * std::pow(theta, -static_cast<double>(i) / static_cast<double>(half));
    const auto a = x[static_cast<int64_t>(i)].item<double>();
    const auto b = x[static_cast<int64_t>(i + half)].item<double>();
    y[i] = a * std::cos(angle) - b * std::sin(angle);
    y[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
  return y;
}

TEST(Rotary, FollowsTheFormula) {
  const Rotary rotary{.dim = 8, .theta = 500};
  const Tensor position = at::tensor({3, 0, 100, 7, 7, 1}, at::kLong).view({2, 3});
  const Tensor x = at::randn({2, 2, 3, 8});
  const Tensor y = rotate(x, rotary.angles(position));
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t l = 0; l < 3; ++l) {
      const auto p = position[n][l].item<double>();
      const auto expected = at::tensor(turned(x[n][1][l], {p, p, p, p}, 500), at::kDouble);
      EXPECT_LT(max_difference(y[n][1][l], expected), 1e-5);
    }
  }
}

TEST(Rotary, ProductsDependOnDistanceAlone) {
  const Rotary rotary{.dim = 16};
  const Tensor q = at::randn({1, 1, 1, 16}), k = at::randn({1, 1, 1, 16});
  const auto product = [&](int64_t i, int64_t j) {
    const auto at_place = [&](const Tensor& x, int64_t p) {
      return rotate(x, rotary.angles(at::full({1, 1}, p, at::kLong)));
    };
    return (at_place(q, i) * at_place(k, j)).sum().item<double>();
  };
  EXPECT_NEAR(product(5, 2), product(105, 102), 1e-4);
  EXPECT_GT(std::abs(product(5, 2) - product(5, 4)), 1e-3);
}

TEST(Rotary, PartOfAHeadStays) {
  const Rotary rotary{.dim = 4};
  const Tensor x = at::randn({1, 2, 3, 10});
  const Tensor y = rotate(x, rotary.angles(at::arange(3, at::kLong).view({1, 3})));
  EXPECT_TRUE(at::equal(y.narrow(-1, 4, 6), x.narrow(-1, 4, 6)));
  EXPECT_FALSE(at::equal(y.narrow(-1, 0, 4), x.narrow(-1, 0, 4)));
}

TEST(Rotary, SectionsFollowTheirRow) {
  const Rotary rotary{.dim = 12, .theta = 50, .sections = {3, 2, 1}};
  const Tensor position = at::tensor({1, 20, 300}, at::kLong).view({3, 1, 1});
  const Tensor x = at::randn({1, 1, 1, 12});
  const auto expected = at::tensor(turned(x[0][0][0], {1, 1, 1, 20, 20, 300}, 50), at::kDouble);
  EXPECT_LT(max_difference(rotate(x, rotary.angles(position))[0][0][0], expected), 1e-5);
}

TEST(Rotary, InterleavedSectionsTakeTurns) {
  const Rotary rotary{.dim = 12, .theta = 50, .sections = {2, 2, 2}, .interleaved = true};
  const Tensor position = at::tensor({1, 20, 300}, at::kLong).view({3, 1, 1});
  const Tensor x = at::randn({1, 1, 1, 12});
  const auto expected = at::tensor(turned(x[0][0][0], {1, 20, 300, 1, 20, 300}, 50), at::kDouble);
  EXPECT_LT(max_difference(rotate(x, rotary.angles(position))[0][0][0], expected), 1e-5);
}

TEST(Rotary, GridTurnsHalfByRowsHalfByColumns) {
  const Tensor position = at::tensor({2, 9}, at::kLong).view({2, 1, 1});
  const Tensor x = at::randn({1, 1, 1, 8});
  const Tensor y = rotate(x, Rotary{.dim = 8, .grid = true}.angles(position));
  const auto at_angle = [&](int64_t i, double angle) {
    return x[0][0][0][i].item<double>() * std::cos(angle) -
           x[0][0][0][i + 4].item<double>() * std::sin(angle);
  };
  EXPECT_NEAR(y[0][0][0][0].item<double>(), at_angle(0, 2), 1e-5);
  EXPECT_NEAR(y[0][0][0][1].item<double>(), at_angle(1, 2 * 0.01), 1e-5);
  EXPECT_NEAR(y[0][0][0][2].item<double>(), at_angle(2, 9), 1e-5);
  EXPECT_NEAR(y[0][0][0][3].item<double>(), at_angle(3, 9 * 0.01), 1e-5);
}

TEST(Rotary, WrongSizesAreUsageErrors) {
  const Tensor position = at::zeros({1, 2}, at::kLong);
  EXPECT_THROW(Rotary{.dim = 5}.angles(position), UsageError);
  EXPECT_THROW(Rotary{.dim = 8}.angles(at::zeros({3, 1, 2}, at::kLong)), UsageError);
  EXPECT_THROW((Rotary{.dim = 8, .sections = {1, 1, 1}}.angles(at::zeros({3, 1, 2}, at::kLong))), UsageError);
  EXPECT_THROW((Rotary{.dim = 6, .grid = true}.angles(at::zeros({2, 1, 2}, at::kLong))), UsageError);
}

TEST(Rotary, Bfloat16ComesBack) {
  const Rotary rotary{.dim = 8};
  const Tensor x = at::randn({1, 1, 3, 8});
  const auto rotation = rotary.angles(at::arange(3, at::kLong).view({1, 3}));
  const Tensor y = rotate(x.to(at::kBFloat16), rotation);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(y, rotate(x, rotation)), 0.05);
}

}  // namespace
}  // namespace conclave
