/// What a leaf remembers of its rows: by class, a normal distribution of each numeric attribute and the
/// counts of each nominal value. Naive Bayes and the search for splits read it.
#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/base/archive.h"
#include "models/stream/schema.h"

namespace conclave::stream {

/// The attributes that a leaf observes.
struct Observed {
  std::vector<int32_t> numeric, nominal;  ///< places among the inputs
  std::vector<int32_t> values;            ///< how many values each nominal one has

  static Observed all(const Schema& schema);
  /// Those of `all` whose places are in `chosen`.
  static Observed some(const Schema& schema, const std::vector<int32_t>& chosen);
  void fields(Archive& archive) { archive(numeric, nominal, values); }
};

/// Sums by class lie side by side for all attributes, so that a row is one pass of vector code.
class LeafStats {
 public:
  LeafStats() = default;
  LeafStats(Observed observed, int classes);

  const Observed& observed() const { return observed_; }
  int classes() const { return classes_; }
  /// Room for more classes.
  void grow_classes(int classes);

  /// Counts a row of class `label`. Missing values are left out.
  void add(const double* x, int label, double weight);
  /// Multiplies what all rows so far weigh.
  void fade(double factor);
  /// Naive Bayes: logarithms of prior_C[c] times the densities of x, up to a common term; -infinity where the
  /// prior is 0.
  void log_scores(const double* x, const double* prior_C, double* scores_C) const;

  /// Of one numeric attribute (its place in observed().numeric) and class.
  struct Normal {
    double weight, mean, variance, low, high;
  };
  Normal normal(int numeric, int label) const;
  /// [values, classes] of one nominal attribute (its place in observed().nominal).
  const double* counts(int nominal) const { return counts_.data() + offsets_[nominal] * classes_; }

  size_t bytes() const;
  void fields(Archive& archive);

 private:
  // Rows of numeric_, each `padded_` long, by class.
  enum Row { kWeight, kMean, kSquares, kLow, kHigh, kInverse, kRows };
  double* row(int label, Row r) {
    return numeric_.data() + (static_cast<size_t>(label) * kRows + r) * padded_;
  }
  const double* row(int label, Row r) const {
    return numeric_.data() + (static_cast<size_t>(label) * kRows + r) * padded_;
  }
  void set_sizes();
  void refresh(int label) const;
  void score_numeric(const double* x, const double* prior_C, double* scores_C) const;
  void score_nominal(const double* x, double* scores_C) const;

  Observed observed_;
  int classes_ = 0, padded_ = 0;
  mutable std::vector<double>
      numeric_;                   // [classes, kRows, padded]; kInverse follows the others when it is needed
  std::vector<double> counts_;    // [values of all nominal ones, classes], and a few unused
  std::vector<int32_t> offsets_;  // of a nominal attribute's first value
  std::vector<double> missing_;   // [nominal, classes]; empty while there are none
  std::vector<double> learned_;   // [classes]: weight of the rows
  // Per class, renewed when it is asked for after a row of that class: what all rows have in common.
  mutable std::vector<double> constant_;
  mutable std::vector<uint8_t> stale_;
  mutable std::vector<double> gathered_;
};

}  // namespace conclave::stream
