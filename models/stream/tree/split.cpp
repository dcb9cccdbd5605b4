#include "models/stream/tree/split.h"

#include <algorithm>
#include <limits>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastShare = 0.01;
constexpr int kMostPoints = 16;

// Shares of the weight at or below each of kMostPoints thresholds, summed over the classes.
struct Sides {
  float left[kMostPoints] = {}, right[kMostPoints] = {}, terms[kMostPoints] = {};
};

// Adds a normally distributed class; one whose values all lie on one side goes there whole.
CONCLAVE_STREAM_KERNEL void add_class(const double* __restrict thresholds, float weight, double mean,
                                      double inverse_sd, double low, double high, Sides& sides) {
  float z[kMostPoints];
  for (int p = 0; p < kMostPoints; ++p) {
    const double t = thresholds[p];
    z[p] = static_cast<float>(t < low ? -20.0 : t >= high ? 20.0 : (t - mean) * inverse_sd);
  }
  for (int p = 0; p < kMostPoints; ++p) {
    const float left = weight * normal_cdf(z[p]), right = weight - left;
    sides.left[p] += left;
    sides.right[p] += right;
    sides.terms[p] += x_log_x(left) + x_log_x(right);
  }
}

// Minus the conditional entropy in nats; -infinity when one side is too light.
CONCLAVE_STREAM_KERNEL void finish(const Sides& sides, float* __restrict merits) {
  for (int p = 0; p < kMostPoints; ++p) {
    const float least = static_cast<float>(kLeastShare) * (sides.left[p] + sides.right[p]);
    const float value = sides.terms[p] - x_log_x(sides.left[p]) - x_log_x(sides.right[p]);
    merits[p] =
        sides.left[p] > least && sides.right[p] > least ? value : -std::numeric_limits<float>::infinity();
  }
}

// Sum of the classes, in four lanes.
CONCLAVE_STREAM_KERNEL double weight_of(const double* counts, int n) {
  double lanes[4] = {};
  int c = 0;
  for (; c + 4 <= n; c += 4)
    for (int l = 0; l < 4; ++l) lanes[l] += counts[c + l];
  for (; c < n; ++c) lanes[0] += counts[c];
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// Sum of x ln x over the classes, minus that of their sum `all`, where x = scale counts.
CONCLAVE_STREAM_KERNEL double branch_term(const double* counts, int n, double all, double scale) {
  float lanes[8] = {};
  for (int c = 0; c < n; c += 8) {
    float x[8];
    for (int l = 0; l < 8; ++l) x[l] = c + l < n ? static_cast<float>(counts[c + l] * scale) : 0.0f;
    for (int l = 0; l < 8; ++l) lanes[l] += x_log_x(x[l]);
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum - x_log_x(all * scale);
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
    double thresholds[kMostPoints];
    float merits[kMostPoints];
    for (int p = 0; p < kMostPoints; ++p)
      thresholds[p] = low + (high - low) / (points_ + 1) * (std::min(p, points_ - 1) + 1);
    Sides sides;
    for (int c = 0; c < n_; ++c) {
      const auto normal = stats_.normal(place, c);
      if (normal.weight <= 0) continue;
      const double sd = std::sqrt(normal.variance);
      add_class(thresholds, static_cast<float>(normal.weight / weight), normal.mean, sd > 0 ? 1 / sd : 0,
                normal.low, normal.high, sides);
    }
    finish(sides, merits);
    for (int p = 0; p < points_; ++p) {
      if (!(merits[p] > best.merit) || !(thresholds[p] > low && thresholds[p] < high)) continue;
      best.merit = merits[p];
      best.value = thresholds[p];
    }
    best.merit = gain(best.merit);
    return best;
  }

  Split nominal(int place, bool binary) const {
    const int values = stats_.observed().values[place];
    const double* const counts = stats_.counts(place);
    std::vector<double> all(n_, 0.0), rest(n_), weights(values), terms(values);
    for (int v = 0; v < values; ++v) {
      const double* const at = counts + static_cast<size_t>(v) * n_;
      for (int c = 0; c < n_; ++c) all[c] += at[c];
      weights[v] = weight_of(at, n_);
    }
    const double weight = weight_of(all.data(), n_), scale = 1 / weight;
    Split best{SplitKind::each, stats_.observed().nominal[place], 0, -kInfinity};
    if (!(weight > 0)) return best;
    double each = 0;
    int heavy = 0;
    for (int v = 0; v < values; ++v) {
      terms[v] = branch_term(counts + static_cast<size_t>(v) * n_, n_, weights[v], scale);
      each += terms[v];
      heavy += weights[v] > kLeastShare * weight;
    }
    if (heavy >= 2 && (!binary || values == 2)) best.merit = gain(each);
    // One value against the rest: of two values that is the same.
    for (int v = 0; values > 2 && v < values; ++v) {
      const double left = weights[v], right = weight - left;
      if (left <= kLeastShare * weight || right <= kLeastShare * weight) continue;
      for (int c = 0; c < n_; ++c) rest[c] = all[c] - counts[static_cast<size_t>(v) * n_ + c];
      const double merit = gain(terms[v] + branch_term(rest.data(), n_, right, scale));
      if (merit > best.merit) best = {SplitKind::equals, best.attribute, static_cast<double>(v), merit};
    }
    return best;
  }

 private:
  double gain(double term) const { return entropy_ + term / kLn2; }

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

void check_split(Archive& archive, const Schema& schema, int attribute, SplitKind kind, double value,
                 size_t branches, int usual) {
  archive.check(attribute >= 0 && attribute < schema.width() && branches >= 2 && usual >= 0 &&
                    static_cast<size_t>(usual) < branches,
                "a node without its children");
  const Attribute& input = schema.inputs[attribute];
  const auto values = static_cast<double>(input.values.size());
  bool fits = false;
  switch (kind) {
    case SplitKind::none:
      break;
    case SplitKind::at_most:
      fits = !input.nominal && branches == 2;
      break;
    case SplitKind::equals:
      fits = input.nominal && branches == 2 && value >= 0 && value < values;
      break;
    case SplitKind::each:
      fits = input.nominal;
      break;
  }
  archive.check(fits, "a split that its column cannot have");
}

double entropy(const double* counts, int n) {
  const double all = weight_of(counts, n);
  return all > 0 ? -branch_term(counts, n, all, 1 / all) / kLn2 : 0;
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

std::vector<Split> every_split(const LeafStats& stats, const double* classes_C, bool binary, int points) {
  std::vector<Split> splits;
  const Search search(stats, classes_C, points);
  const auto keep = [&](const Split& split) {
    if (std::isfinite(split.merit)) splits.push_back(split);
  };
  for (size_t j = 0; j < stats.observed().numeric.size(); ++j) keep(search.numeric(static_cast<int>(j)));
  for (size_t k = 0; k < stats.observed().nominal.size(); ++k)
    keep(search.nominal(static_cast<int>(k), binary));
  return splits;
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
