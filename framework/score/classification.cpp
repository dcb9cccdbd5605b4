#include "framework/score/classification.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double share(int64_t part, int64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : kNone;
}

}  // namespace

double roc_auc(std::span<const double> score, std::span<const uint8_t> positive) {
  require<Error>(score.size() == positive.size(), "[auc] {} scores for {} labels", score.size(),
                 positive.size());
  std::vector<size_t> order(score.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) { return score[a] < score[b]; });
  double rank_sum = 0, positives = 0;
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && score[order[end]] == score[order[i]]) ++end;
    const double rank = (static_cast<double>(i + end) + 1) / 2;  // the mean over ties, counted from 1
    for (; i < end; ++i) {
      if (!positive[order[i]]) continue;
      rank_sum += rank;
      ++positives;
    }
  }
  const double negatives = static_cast<double>(score.size()) - positives;
  if (positives == 0 || negatives == 0) return kNone;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

int64_t Confusion::total() const {
  int64_t all = 0;
  for (const auto& row : counts_) all += std::accumulate(row.begin(), row.end(), int64_t{0});
  return all;
}

double Confusion::accuracy() const {
  return within(0);
}

double Confusion::within(int64_t distance) const {
  int64_t near = 0;
  for (size_t t = 0; t < counts_.size(); ++t)
    for (size_t g = 0; g < counts_.size(); ++g)
      if (std::abs(static_cast<int64_t>(t) - static_cast<int64_t>(g)) <= distance) near += counts_[t][g];
  return share(near, total());
}

double Confusion::macro_f1() const {
  double sum = 0;
  int64_t classes = 0;
  for (size_t c = 0; c < counts_.size(); ++c) {
    int64_t there = 0, guessed = 0;
    for (size_t o = 0; o < counts_.size(); ++o) {
      there += counts_[c][o];
      guessed += counts_[o][c];
    }
    if (there + guessed == 0) continue;
    sum += 2 * static_cast<double>(counts_[c][c]) / static_cast<double>(there + guessed);
    ++classes;
  }
  return classes > 0 ? sum / static_cast<double>(classes) : kNone;
}

double Confusion::quadratic_kappa() const {
  const auto n = counts_.size();
  std::vector<double> there(n), guessed(n);
  for (size_t t = 0; t < n; ++t)
    for (size_t g = 0; g < n; ++g) {
      there[t] += static_cast<double>(counts_[t][g]);
      guessed[g] += static_cast<double>(counts_[t][g]);
    }
  const auto all = static_cast<double>(total());
  double seen = 0, chance = 0;
  for (size_t t = 0; t < n; ++t)
    for (size_t g = 0; g < n; ++g) {
      const double distance = static_cast<double>(t) - static_cast<double>(g);
      seen += distance * distance * static_cast<double>(counts_[t][g]);
      chance += distance * distance * there[t] * guessed[g] / all;
    }
  return chance > 0 ? 1 - seen / chance : kNone;
}

OperatingPoint at_threshold(std::span<const double> score, std::span<const uint8_t> positive,
                            double threshold) {
  int64_t found = 0, positives = 0, passed = 0, negatives = 0;
  for (size_t i = 0; i < score.size(); ++i) {
    const bool told = score[i] >= threshold;
    (positive[i] ? positives : negatives) += 1;
    if (positive[i] && told) ++found;
    if (!positive[i] && !told) ++passed;
  }
  return {threshold, share(found, positives), share(passed, negatives)};
}

}  // namespace conclave
