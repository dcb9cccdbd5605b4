/// What a leaf of a regression tree remembers of its rows: by attribute, weights and sums of targets in bins.
#pragma once

#include <vector>

#include "models/stream/base/archive.h"
#include "models/stream/tree/leaf_stats.h"
#include "models/stream/tree/split.h"

namespace conclave::stream {

/// A split in two with what is known of its sides.
struct TargetSplit {
  SplitKind kind = SplitKind::none;
  int32_t attribute = -1;
  double value = 0;
  double merit = 0;  ///< variance that it takes away
  double weights[2] = {0, 0}, means[2] = {0, 0};
};

/// Even bins over the range of the first rows; what lies outside counts in the outer ones. Unlike a search
/// tree of all values (FIMT-DD's E-BST) it does not grow.
class TargetBins {
 public:
  /// The attributes are `observed`'s in all calls.
  TargetBins() = default;
  explicit TargetBins(int bins) : bins_(bins) {}
  /// Missing values are left out.
  void add(const Observed& observed, const double* x, double y, double weight);
  /// The best splits of the two attributes with the best ones. Each side has at least `least` rows' weight.
  /// merit 0: there is none.
  void best_splits(const Observed& observed, double least, TargetSplit& best, TargetSplit& second);

  /// Of one with bins, at most.
  static size_t bytes(const Observed& observed, int bins);
  /// `bins`: how many it must have.
  void fields(Archive& archive, const Observed& observed, int bins);

 private:
  static constexpr int kFirst = 32;  // rows that are kept until the range is known
  struct Cell {
    float weight = 0, sum = 0;
    void fields(Archive& a) { a(weight, sum); }
  };
  // value(k) is that of the k-th of the observed attributes.
  template <class Value>
  void count(const Observed& observed, const Value& value, double y, double weight);
  void fix_ranges(const Observed& observed);

  int32_t bins_ = 0;
  double centre_ = 0;           // targets are kept as differences from it, for precision
  std::vector<double> first_;   // [rows, width + 2]: values, target, weight
  std::vector<double> ranges_;  // [numeric, 2]: low, bins per unit; empty until there were kFirst rows
  std::vector<Cell> cells_;     // [numeric, bins], then the values of the nominal ones
};

}  // namespace conclave::stream
