#include "models/stream/tree/split.h"

#include <algorithm>
#include <limits>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastShare = 0.01;
constexpr int kMostPoints = 16;

// Weights at or below each of kMostPoints thresholds, for one class.
struct Sides {
  double left[kMostPoints] = {}, right[kMostPoints] = {}, terms[kMostPoints] = {};
};

// Adds a normally distributed class; one whose values all lie on one side goes there whole.
CONCLAVE_STREAM_KERNEL void add_class(const double* __restrict thresholds, double weight, double mean,
                                      double inverse_sd, double low, double high, Sides& sides) {
  for (int p = 0; p < kMostPoints; ++p) {
    const double t = thresholds[p];
    const double share = t < low ? 0.0 : t >= high ? 1.0 : normal_cdf((t - mean) * inverse_sd);
    const double left = weight * share, right = weight - left;
    sides.left[p] += left;
    sides.right[p] += right;
    sides.terms[p] += x_log_x(left) + x_log_x(right);
  }
}

// Minus the conditional entropy times the weight, in nats; -infinity when one side is too light.
CONCLAVE_STREAM_KERNEL void finish(const Sides& sides, double* __restrict merits) {
  for (int p = 0; p < kMostPoints; ++p) {
    const double least = kLeastShare * (sides.left[p] + sides.right[p]);
    const double value = sides.terms[p] - x_log_x(sides.left[p]) - x_log_x(sides.right[p]);
    merits[p] = sides.left[p] > least && sides.right[p] > least ? value : -kInfinity;
  }
}

double weight_of(const double* counts, int n) {
  double sum = 0;
  for (int c = 0; c < n; ++c) sum += counts[c];
  return sum;
}

// Sum of x ln x over the classes, minus that of the whole.
CONCLAVE_STREAM_KERNEL double branch_term(const double* counts, int n) {
  double sum = 0, all = 0;
  for (int c = 0; c < n; ++c) {
    sum += x_log_x(counts[c]);
    all += counts[c];
  }
  return sum - x_log_x(all);
}

class Search {
 public:
  Search(const LeafStats& stats, const double* classes_C, int points)
      : stats_(stats), n_(stats.classes()), points_(std::min(points, kMostPoints)) {
    entropy_ = entropy(classes_C, n_);
  }

  Split numeric(int place) const {
    double low = kInfinity, high = -kInfinity, weight = 0;
    for (int c = 0; c < n_; ++c) {
      const auto normal = stats_.normal(place, c);
      if (normal.weight <= 0) continue;
      low = std::min(low, normal.low);
      high = std::max(high, normal.high);
      weight += normal.weight;
    }
    Split best{SplitKind::at_most, stats_.observed().numeric[place], 0, -kInfinity};
    if (!(low < high)) return best;
    double thresholds[kMostPoints], merits[kMostPoints];
    for (int p = 0; p < kMostPoints; ++p)
      thresholds[p] = low + (high - low) / (points_ + 1) * (std::min(p, points_ - 1) + 1);
    Sides sides;
    for (int c = 0; c < n_; ++c) {
      const auto normal = stats_.normal(place, c);
      if (normal.weight <= 0) continue;
      const double sd = std::sqrt(normal.variance);
      add_class(thresholds, normal.weight, normal.mean, sd > 0 ? 1 / sd : 0, normal.low, normal.high, sides);
    }
    finish(sides, merits);
    for (int p = 0; p < points_; ++p) {
      if (!(merits[p] > best.merit) || !(thresholds[p] > low && thresholds[p] < high)) continue;
      best.merit = merits[p];
      best.value = thresholds[p];
    }
    best.merit = gain(best.merit, weight);
    return best;
  }

  Split nominal(int place, bool binary) const {
    const int values = stats_.observed().values[place];
    const double* const counts = stats_.counts(place);
    std::vector<double> all(n_, 0.0), rest(n_);
    double weight = 0, each = 0;
    int heavy = 0;
    for (int v = 0; v < values; ++v) {
      const double* const at = counts + static_cast<size_t>(v) * n_;
      for (int c = 0; c < n_; ++c) all[c] += at[c];
      each += branch_term(at, n_);
    }
    weight = weight_of(all.data(), n_);
    Split best{SplitKind::each, stats_.observed().nominal[place], 0, -kInfinity};
    for (int v = 0; v < values; ++v)
      heavy += weight_of(counts + static_cast<size_t>(v) * n_, n_) > kLeastShare * weight;
    if (!binary && heavy >= 2) best.merit = gain(each, weight);
    for (int v = 0; v < values; ++v) {
      const double* const at = counts + static_cast<size_t>(v) * n_;
      const double one = weight_of(at, n_);
      if (one <= kLeastShare * weight || weight - one <= kLeastShare * weight) continue;
      for (int c = 0; c < n_; ++c) rest[c] = all[c] - at[c];
      const double merit = gain(branch_term(at, n_) + branch_term(rest.data(), n_), weight);
      if (merit > best.merit) best = {SplitKind::equals, best.attribute, static_cast<double>(v), merit};
    }
    return best;
  }

 private:
  double gain(double term, double weight) const { return entropy_ + term / (weight * kLn2); }

  const LeafStats& stats_;
  int n_, points_;
  double entropy_;
};

void offer(SplitSearch& found, const Split& split) {
  if (split.merit > found.best.merit) {
    found.second = found.best;
    found.best = split;
  } else if (split.merit > found.second.merit) {
    found.second = split;
  }
}

}  // namespace

double entropy(const double* counts, int n) {
  const double all = weight_of(counts, n);
  return all > 0 ? -branch_term(counts, n) / (all * kLn2) : 0;
}

SplitSearch best_splits(const LeafStats& stats, const double* classes_C, bool with_none, bool binary,
                        int points) {
  SplitSearch found;
  found.best.merit = found.second.merit = -kInfinity;
  if (with_none) offer(found, {SplitKind::none, -1, 0, 0});
  const Search search(stats, classes_C, points);
  for (size_t j = 0; j < stats.observed().numeric.size(); ++j)
    offer(found, search.numeric(static_cast<int>(j)));
  for (size_t k = 0; k < stats.observed().nominal.size(); ++k)
    offer(found, search.nominal(static_cast<int>(k), binary));
  return found;
}

std::vector<std::vector<double>> branch_classes(const LeafStats& stats, const Split& split) {
  const int n = stats.classes();
  const auto& observed = stats.observed();
  if (split.kind == SplitKind::at_most) {
    const auto place = std::find(observed.numeric.begin(), observed.numeric.end(), split.attribute) -
                       observed.numeric.begin();
    std::vector<std::vector<double>> sides(2, std::vector<double>(n));
    for (int c = 0; c < n; ++c) {
      const auto normal = stats.normal(static_cast<int>(place), c);
      if (normal.weight <= 0) continue;
      const double sd = std::sqrt(normal.variance);
      const double share = split.value < normal.low ? 0
                           : split.value >= normal.high
                               ? 1
                               : normal_cdf(sd > 0 ? (split.value - normal.mean) / sd : 0);
      sides[0][c] = normal.weight * share;
      sides[1][c] = normal.weight - sides[0][c];
    }
    return sides;
  }
  const auto place =
      std::find(observed.nominal.begin(), observed.nominal.end(), split.attribute) - observed.nominal.begin();
  const double* const counts = stats.counts(static_cast<int>(place));
  const int values = observed.values[place];
  std::vector<std::vector<double>> branches(split.kind == SplitKind::each ? values : 2,
                                            std::vector<double>(n));
  for (int v = 0; v < values; ++v) {
    auto& branch =
        split.kind == SplitKind::each ? branches[v] : branches[v == static_cast<int>(split.value) ? 0 : 1];
    for (int c = 0; c < n; ++c) branch[c] += counts[static_cast<size_t>(v) * n + c];
  }
  return branches;
}

}  // namespace conclave::stream
