#include "models/stream/regression/target_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace conclave::stream {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

size_t width_of(const Observed& observed) {
  return observed.numeric.size() + observed.nominal.size();
}

size_t cells_of(const Observed& observed, int bins) {
  return observed.numeric.size() * static_cast<size_t>(bins) +
         static_cast<size_t>(std::accumulate(observed.values.begin(), observed.values.end(), 0));
}

// The variance between two sides: (l^2 / wl + r^2 / wr - (l + r)^2 / w) / w, from their sums.
double between(double left_weight, double left, double weight, double sum) {
  const double right_weight = weight - left_weight, right = sum - left;
  return (left * left / left_weight + right * right / right_weight - sum * sum / weight) / weight;
}

void offer(const TargetSplit& split, TargetSplit& best, TargetSplit& second) {
  if (split.merit > best.merit) {
    second = best;
    best = split;
  } else if (split.merit > second.merit) {
    second = split;
  }
}

}  // namespace

template <class Value>
void TargetBins::count(const Observed& observed, const Value& value, double y, double weight) {
  const auto w = static_cast<float>(weight), s = static_cast<float>(weight * (y - centre_));
  Cell* cells = cells_.data();
  const double* range = ranges_.data();
  size_t k = 0;
  for (; k < observed.numeric.size(); ++k, cells += bins_, range += 2) {
    const double at = (value(k) - range[0]) * range[1];
    if (std::isnan(at)) continue;
    Cell& cell = cells[at <= 0 ? 0 : at >= bins_ ? bins_ - 1 : static_cast<int>(at)];
    cell.weight += w;
    cell.sum += s;
  }
  for (const int32_t values : observed.values) {
    if (const double at = value(k++); at >= 0 && at < values) {
      cells[static_cast<int>(at)].weight += w;
      cells[static_cast<int>(at)].sum += s;
    }
    cells += values;
  }
}

void TargetBins::add(const Observed& observed, const double* x, double y, double weight) {
  const size_t numeric = observed.numeric.size();
  const auto value = [&](size_t k) {
    return x[k < numeric ? observed.numeric[k] : observed.nominal[k - numeric]];
  };
  if (!cells_.empty()) return count(observed, value, y, weight);
  const size_t width = width_of(observed);
  if (first_.empty()) {
    first_.reserve(kFirst * (width + 2));
    centre_ = y;
  }
  for (size_t k = 0; k < width; ++k) first_.push_back(value(k));
  first_.push_back(y);
  first_.push_back(weight);
  if (first_.size() == kFirst * (width + 2)) fix_ranges(observed);
}

// The ranges of the first rows, a little wider; those rows are counted then.
void TargetBins::fix_ranges(const Observed& observed) {
  const size_t width = width_of(observed), stride = width + 2, n = observed.numeric.size();
  ranges_.resize(2 * n);
  for (size_t j = 0; j < n; ++j) {
    double low = kInfinity, high = -kInfinity;
    for (size_t at = j; at < first_.size(); at += stride)
      if (!std::isnan(first_[at])) low = std::min(low, first_[at]), high = std::max(high, first_[at]);
    if (low > high) low = high = 0;
    // One value alone gets a narrow first bin to itself.
    const double spread = high > low ? 1.2 * (high - low) : bins_ * 1e-6 * std::max(1.0, std::fabs(low));
    ranges_[2 * j] = high > low ? low - 0.1 * (high - low) : low - spread / bins_ / 2;
    ranges_[2 * j + 1] = std::isfinite(spread) ? bins_ / spread : 0;
  }
  cells_.resize(cells_of(observed, bins_));
  for (size_t at = 0; at < first_.size(); at += stride)
    count(
        observed, [&](size_t k) { return first_[at + k]; }, first_[at + width], first_[at + width + 1]);
  first_ = {};
}

void TargetBins::best_splits(const Observed& observed, double least, TargetSplit& best, TargetSplit& second) {
  best = second = {};
  if (cells_.empty() && !first_.empty()) fix_ranges(observed);
  if (cells_.empty()) return;
  const Cell* cells = cells_.data();
  const auto attribute = [&](int32_t place, const Cell* from, int n, SplitKind kind, auto&& value_of) {
    double weight = 0, sum = 0;
    for (int b = 0; b < n; ++b) weight += from[b].weight, sum += from[b].sum;
    TargetSplit found;
    found.kind = kind;
    found.attribute = place;
    double left_weight = 0, left = 0;
    for (int b = 0; b < n; ++b) {
      if (kind == SplitKind::equals) left_weight = left = 0;
      left_weight += from[b].weight;
      left += from[b].sum;
      if (left_weight < least || weight - left_weight < least || from[b].weight == 0) continue;
      const double merit = between(left_weight, left, weight, sum);
      if (!(merit > found.merit)) continue;
      found.merit = merit;
      found.value = value_of(b);
      found.weights[0] = left_weight;
      found.weights[1] = weight - left_weight;
      found.means[0] = centre_ + left / left_weight;
      found.means[1] = centre_ + (sum - left) / (weight - left_weight);
    }
    offer(found, best, second);
  };
  for (size_t j = 0; j < observed.numeric.size(); ++j, cells += bins_) {
    const double low = ranges_[2 * j], per_unit = ranges_[2 * j + 1];
    // Just below the next bin's lowest value.
    attribute(observed.numeric[j], cells, bins_, SplitKind::at_most,
              [&](int b) { return std::nextafter(low + (b + 1) / per_unit, -kInfinity); });
  }
  for (size_t k = 0; k < observed.nominal.size(); cells += observed.values[k++])
    attribute(observed.nominal[k], cells, observed.values[k], SplitKind::equals, [](int b) { return b; });
}

size_t TargetBins::bytes(const Observed& observed, int bins) {
  return sizeof(Cell) * cells_of(observed, bins) + 2 * sizeof(double) * observed.numeric.size() +
         sizeof(double) * kFirst * (width_of(observed) + 2) / 4;  // the first rows of the youngest leaves
}

void TargetBins::fields(Archive& archive, const Observed& observed, int bins) {
  archive(bins_, centre_, first_, ranges_, cells_);
  archive.check(bins_ == bins, "another number of bins");
  const size_t stride = width_of(observed) + 2;
  archive.check(
      (cells_.empty() && ranges_.empty()) || (bins_ > 0 && cells_.size() == cells_of(observed, bins_) &&
                                              ranges_.size() == 2 * observed.numeric.size()),
      "a leaf's bins do not fit");
  archive.check(
      first_.size() % stride == 0 && first_.size() < kFirst * stride && (first_.empty() || cells_.empty()),
      "a leaf's first rows do not fit");
  if (archive.loading() && !first_.empty()) first_.reserve(kFirst * stride);
}

}  // namespace conclave::stream
