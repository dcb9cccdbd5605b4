#include "datasets/vqa_bootstrap.h"

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave {
namespace {

struct Group {
  double difference = 0;  // sum over its samples
  int64_t samples = 0;
};

std::vector<Group> groups_of(const VqaSet& set, const VqaScores& ours, const VqaScores& theirs) {
  std::vector<Group> groups;
  std::unordered_map<std::string, size_t> place;
  for (const auto& sample : set.samples) {
    // A sample of no group is one by itself.
    const std::string name = sample.group.empty() ? "sample " + sample.id : "group " + sample.group;
    const auto [found, fresh] = place.emplace(name, groups.size());
    if (fresh) groups.emplace_back();
    Group& group = groups[found->second];
    group.difference += ours.by_id.at(sample.id) - theirs.by_id.at(sample.id);
    ++group.samples;
  }
  return groups;
}

}  // namespace

BootstrapDifference bootstrap_difference(const VqaSet& set, const VqaScores& ours, const VqaScores& theirs,
                                         int64_t resamples, uint64_t seed) {
  require<UsageError>(resamples >= 1, "resamples = {}: must be at least 1", resamples);
  const auto groups = groups_of(set, ours, theirs);
  Random random(seed, "bootstrap");
  std::vector<double> means;
  for (int64_t r = 0; r < resamples; ++r) {
    Group sum;
    for (size_t g = 0; g < groups.size(); ++g) {
      const Group& drawn = groups[random.below(groups.size())];
      sum.difference += drawn.difference;
      sum.samples += drawn.samples;
    }
    means.push_back(sum.difference / static_cast<double>(sum.samples));
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<size_t>(std::llround(share * static_cast<double>(resamples - 1)))];
  };
  return {ours.score - theirs.score, at(0.025), at(0.975), static_cast<int64_t>(groups.size())};
}

}  // namespace conclave
