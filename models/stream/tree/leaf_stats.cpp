#include "models/stream/tree/leaf_stats.h"

#include <algorithm>
#include <limits>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPoint = 1e300;  // inverse spread of a distribution without any
constexpr int kLanes = 4;         // doubles of a vector register

// Welford's update of all attributes at once; what is missing counts with weight 0.
CONCLAVE_STREAM_KERNEL void add_row(const double* x, double weight, int n, double* __restrict weights,
                                    double* __restrict means, double* __restrict squares,
                                    double* __restrict lows, double* __restrict highs) {
  for (int j = 0; j < n; ++j) {
    const bool there = x[j] == x[j];
    const double w = there ? weight : 0.0;
    const double total = weights[j] + w;
    const double delta = there ? x[j] - means[j] : 0.0;
    const double step = delta * w / (total > 0 ? total : 1.0);
    means[j] += step;
    squares[j] += w * delta * (delta - step);
    weights[j] = total;
    lows[j] = x[j] < lows[j] ? x[j] : lows[j];
    highs[j] = x[j] > highs[j] ? x[j] : highs[j];
  }
}

// Sum of ((x - mean)^2 / (2 variance)); what is missing counts nothing.
CONCLAVE_STREAM_KERNEL double distance(const double* x, const double* __restrict means,
                                       const double* __restrict inverses, int n) {
  double lanes[kLanes] = {};
  for (int j = 0; j < n; j += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      const double delta = x[j + l] - means[j + l];
      const double term = delta * delta * inverses[j + l];
      lanes[l] += term == term ? term : 0.0;
    }
  }
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// 1 / (2 variance) of each attribute.
CONCLAVE_STREAM_KERNEL void invert(const double* __restrict weights, const double* __restrict squares,
                                   double* __restrict inverses, int n) {
  for (int j = 0; j < n; ++j) {
    const double variance = weights[j] > 1 ? squares[j] / (weights[j] - 1) : 0.0;
    const double bounded = variance < 1e36 ? variance : 1e36;
    const double inverse = 0.5 / (bounded > 1e-36 ? bounded : 1.0);
    inverses[j] = bounded > 1e-36 ? inverse : weights[j] > 0 ? kPoint : 0.0;
  }
}

// Adds ln of the product over `count` rows of (row[c] + 1) to each score; rows have kLanes readable values
// behind the last class.
CONCLAVE_STREAM_KERNEL void add_log_products(const double* const* rows, int count, double* scores,
                                             int classes) {
  for (int c = 0; c < classes; c += kLanes) {
    double products[kLanes] = {1, 1, 1, 1};
    for (int r = 0; r < count; ++r)
      for (int l = 0; l < kLanes; ++l) products[l] *= rows[r][c + l] + 1;
    for (int l = 0; l < kLanes; ++l) products[l] = fast_log(products[l]);
    for (int l = 0; l < std::min(kLanes, classes - c); ++l) scores[c + l] += products[l];
  }
}

// The value's index, or -1 when it is missing or none of the attribute's.
int value_of(double x, int values) {
  return x >= 0 && x < values ? static_cast<int>(x) : -1;
}

}  // namespace

Observed Observed::all(const Schema& schema) {
  std::vector<int32_t> every(schema.width());
  for (int i = 0; i < schema.width(); ++i) every[i] = i;
  return some(schema, every);
}

Observed Observed::some(const Schema& schema, const std::vector<int32_t>& chosen) {
  Observed made;
  for (const int32_t i : chosen) {
    if (schema.inputs[i].nominal) {
      made.nominal.push_back(i);
      made.values.push_back(static_cast<int32_t>(schema.inputs[i].values.size()));
    } else {
      made.numeric.push_back(i);
    }
  }
  return made;
}

LeafStats::LeafStats(Observed observed, int classes) : observed_(std::move(observed)) {
  set_sizes();
  grow_classes(classes);
}

void LeafStats::set_sizes() {
  padded_ = static_cast<int>(observed_.numeric.size() + kLanes - 1) / kLanes * kLanes;
  offsets_.assign(1, 0);
  for (const int32_t values : observed_.values) offsets_.push_back(offsets_.back() + values);
  gathered_.assign(padded_, 0.0);
}

void LeafStats::grow_classes(int classes) {
  const int before = classes_;
  classes_ = classes;
  numeric_.resize(static_cast<size_t>(classes) * kRows * padded_);
  for (int c = before; c < classes; ++c) {
    std::fill_n(row(c, kLow), padded_, kInfinity);
    std::fill_n(row(c, kHigh), padded_, -kInfinity);
  }
  const auto restride = [&](std::vector<double>& table) {
    if (before == 0 || table.empty()) return;
    const size_t rows = table.size() / before;
    std::vector<double> wide(rows * classes, 0.0);
    for (size_t r = 0; r < rows; ++r)
      std::copy_n(table.data() + r * before, before, wide.data() + r * classes);
    table.swap(wide);
  };
  if (before > 0) counts_.resize(counts_.size() - kLanes);
  restride(counts_);
  restride(missing_);
  counts_.resize(static_cast<size_t>(offsets_.back()) * classes + kLanes);
  learned_.resize(classes);
  constant_.resize(classes);
  stale_.resize(classes, 1);
}

void LeafStats::add(const double* x, int label, double weight) {
  if (!observed_.numeric.empty()) {
    for (size_t j = 0; j < observed_.numeric.size(); ++j) gathered_[j] = x[observed_.numeric[j]];
    add_row(gathered_.data(), weight, padded_, row(label, kWeight), row(label, kMean), row(label, kSquares),
            row(label, kLow), row(label, kHigh));
  }
  for (size_t k = 0; k < observed_.nominal.size(); ++k) {
    const int value = value_of(x[observed_.nominal[k]], observed_.values[k]);
    if (value < 0) {
      if (missing_.empty()) missing_.resize(observed_.nominal.size() * classes_);
      missing_[k * classes_ + label] += weight;
    } else {
      counts_[static_cast<size_t>(offsets_[k] + value) * classes_ + label] += weight;
    }
  }
  learned_[label] += weight;
  stale_[label] = 1;
}

void LeafStats::fade(double factor) {
  for (int c = 0; c < classes_; ++c) {
    for (int j = 0; j < padded_; ++j) {
      row(c, kWeight)[j] *= factor;
      row(c, kSquares)[j] *= factor;
    }
    stale_[c] = 1;
  }
  for (auto* sums : {&counts_, &missing_, &learned_})
    for (double& sum : *sums) sum *= factor;
}

// Normal densities: -1/2 ln(2 pi variance) each; nominal ones: -ln(weight + number of values), Laplace's
// rule.
void LeafStats::refresh(int label) const {
  stale_[label] = 0;
  double constant = 0;
  if (const int n = static_cast<int>(observed_.numeric.size()); n > 0) {
    double* const inverses = numeric_.data() + (static_cast<size_t>(label) * kRows + kInverse) * padded_;
    invert(row(label, kWeight), row(label, kSquares), inverses, padded_);
    double product = 1, sum = 0;
    for (int j = 0; j < n; ++j) {
      const double inverse = inverses[j];
      if (inverse > 0 && inverse < kPoint) product *= inverse * (1 / 3.14159265358979323846);
      if (j % 8 == 7 || j == n - 1) {
        sum += fast_log(product);
        product = 1;
      }
    }
    constant += 0.5 * sum;
  }
  double product = 1;
  for (size_t k = 0; k < observed_.nominal.size(); ++k) {
    const double absent = missing_.empty() ? 0.0 : missing_[k * classes_ + label];
    product *= learned_[label] - absent + observed_.values[k];
    if (k % 8 == 7) {
      constant -= fast_log(product);
      product = 1;
    }
  }
  constant_[label] = constant - fast_log(product);
}

void LeafStats::log_scores(const double* x, const double* prior_C, double* scores_C) const {
  for (int c = 0; c < classes_; ++c) {
    if (prior_C[c] > 0) {
      if (stale_[c]) refresh(c);
      scores_C[c] = fast_log(prior_C[c]) + constant_[c];
    } else {
      scores_C[c] = -kInfinity;
    }
  }
  if (!observed_.numeric.empty()) score_numeric(x, prior_C, scores_C);
  if (!observed_.nominal.empty()) score_nominal(x, scores_C);
}

void LeafStats::score_numeric(const double* x, const double* prior_C, double* scores_C) const {
  const int n = static_cast<int>(observed_.numeric.size());
  double any = 0;
  for (int j = 0; j < n; ++j) {
    gathered_[j] = x[observed_.numeric[j]];
    any += gathered_[j] - gathered_[j];  // NaN when one is missing
  }
  for (int c = 0; c < classes_; ++c) {
    if (!(prior_C[c] > 0)) continue;
    scores_C[c] -= distance(gathered_.data(), row(c, kMean), row(c, kInverse), padded_);
    if (any == 0) continue;
    for (int j = 0; j < n; ++j) {  // the density of what is missing is 1
      const double inverse = row(c, kInverse)[j];
      if (std::isnan(gathered_[j]) && inverse > 0 && inverse < kPoint)
        scores_C[c] -= 0.5 * fast_log(inverse * (1 / 3.14159265358979323846));
    }
  }
}

void LeafStats::score_nominal(const double* x, double* scores_C) const {
  constexpr int kMost = 24;  // that many factors of up to 2^42 fit into a double
  const double* rows[kMost];
  int count = 0;
  for (size_t k = 0; k < observed_.nominal.size(); ++k) {
    const int value = value_of(x[observed_.nominal[k]], observed_.values[k]);
    if (value < 0) {  // its share of what all rows have in common does not count
      for (int c = 0; c < classes_; ++c) {
        const double absent = missing_.empty() ? 0.0 : missing_[k * classes_ + c];
        scores_C[c] += fast_log(learned_[c] - absent + observed_.values[k]);
      }
      continue;
    }
    rows[count++] = counts_.data() + static_cast<size_t>(offsets_[k] + value) * classes_;
    if (count < kMost) continue;
    add_log_products(rows, count, scores_C, classes_);
    count = 0;
  }
  if (count > 0) add_log_products(rows, count, scores_C, classes_);
}

LeafStats::Normal LeafStats::normal(int numeric, int label) const {
  const double weight = row(label, kWeight)[numeric];
  return {weight, row(label, kMean)[numeric], weight > 1 ? row(label, kSquares)[numeric] / (weight - 1) : 0.0,
          row(label, kLow)[numeric], row(label, kHigh)[numeric]};
}

size_t LeafStats::bytes() const {
  return sizeof(*this) +
         sizeof(double) * (numeric_.size() + counts_.size() + missing_.size() + gathered_.size()) +
         sizeof(int32_t) * (offsets_.size() + observed_.numeric.size() + 2 * observed_.nominal.size()) +
         classes_ * (2 * sizeof(double) + 1);
}

void LeafStats::fields(Archive& archive) {
  archive(observed_, classes_, numeric_, counts_, missing_, learned_);
  if (!archive.loading()) return;
  archive.check(classes_ >= 0 && observed_.nominal.size() == observed_.values.size(),
                "a leaf's columns do not fit");
  set_sizes();
  if (classes_ == 0) {  // of a leaf at rest
    archive.check(numeric_.empty() && counts_.empty() && missing_.empty() && learned_.empty() &&
                      observed_.numeric.empty() && observed_.nominal.empty(),
                  "a leaf without classes that has sums");
    constant_.clear();
    stale_.clear();
    return;
  }
  archive.check(numeric_.size() == static_cast<size_t>(classes_) * kRows * padded_ &&
                    counts_.size() == static_cast<size_t>(offsets_.back()) * classes_ + kLanes &&
                    (missing_.empty() || missing_.size() == observed_.nominal.size() * classes_) &&
                    learned_.size() == static_cast<size_t>(classes_),
                "a leaf's sums do not fit");
  constant_.assign(classes_, 0.0);
  stale_.assign(classes_, 1);
}

}  // namespace conclave::stream
