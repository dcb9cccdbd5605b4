#include "framework/score/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave {

Interval bootstrap_interval(const std::vector<std::string>& group,
                            const std::function<double(const std::vector<size_t>&)>& figure,
                            int64_t resamples, uint64_t seed) {
  require<UsageError>(resamples >= 1, "resamples = {}: must be at least 1", resamples);
  std::vector<std::vector<size_t>> members;
  std::unordered_map<std::string, size_t> place;
  for (size_t i = 0; i < group.size(); ++i) {
    const auto [found, fresh] = place.emplace(group[i], members.size());
    if (fresh) members.emplace_back();
    members[found->second].push_back(i);
  }
  Random random(seed, "bootstrap");
  std::vector<double> figures;
  std::vector<size_t> drawn;
  for (int64_t r = 0; r < resamples && !members.empty(); ++r) {
    drawn.clear();
    for (size_t g = 0; g < members.size(); ++g) {
      const auto& one = members[random.below(members.size())];
      drawn.insert(drawn.end(), one.begin(), one.end());
    }
    if (const double value = figure(drawn); std::isfinite(value)) figures.push_back(value);
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (figures.empty()) return {kNone, kNone, static_cast<int64_t>(members.size())};
  std::ranges::sort(figures);
  const auto at = [&](double share) {
    return figures[static_cast<size_t>(std::llround(share * static_cast<double>(figures.size() - 1)))];
  };
  return {at(0.025), at(0.975), static_cast<int64_t>(members.size())};
}

}  // namespace conclave
