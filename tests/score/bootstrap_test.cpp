#include "framework/score/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

TEST(Bootstrap, IntervalOfAMeanIsThatOfTheFormula) {
  std::vector<std::string> group;
  std::vector<double> value;
  for (int i = 0; i < 400; ++i) {
    group.push_back(std::to_string(i));
    value.push_back(i % 2);
  }
  const auto mean = [&](const std::vector<size_t>& drawn) {
    double sum = 0;
    for (const size_t i : drawn) sum += value[i];
    return sum / static_cast<double>(drawn.size());
  };
  const auto alone = bootstrap_interval(group, mean, 4000, 1);
  EXPECT_NEAR(alone.low, 0.5 - 1.96 * 0.025, 0.004);
  EXPECT_NEAR(alone.high, 0.5 + 1.96 * 0.025, 0.004);
  // Four samples that are always the same are worth one.
  for (int i = 0; i < 400; ++i) {
    group[static_cast<size_t>(i)] = std::to_string(i / 4);
    value[static_cast<size_t>(i)] = (i / 4) % 2;
  }
  const auto grouped = bootstrap_interval(group, mean, 4000, 1);
  EXPECT_EQ(grouped.groups, 100);
  EXPECT_NEAR(grouped.low, 0.5 - 1.96 * 0.05, 0.008);
}

TEST(Bootstrap, FiguresThatAreNoneAreLeftOut) {
  const auto none = [](const std::vector<size_t>&) { return std::nan(""); };
  EXPECT_TRUE(std::isnan(bootstrap_interval({"a", "b"}, none, 10, 1).low));
  EXPECT_TRUE(std::isnan(bootstrap_interval({}, none, 10, 1).low));
  EXPECT_THROW(bootstrap_interval({"a"}, none, 0, 1), UsageError);
}

}  // namespace
}  // namespace conclave
