/// The best way to split a leaf.
#pragma once

#include <cmath>
#include <vector>

#include "models/stream/tree/leaf_stats.h"

namespace conclave::stream {

enum class SplitKind : uint8_t {
  none,     ///< not splitting at all
  at_most,  ///< x <= value: first branch
  equals,   ///< x == value: first branch
  each      ///< a branch per value
};

struct Split {
  SplitKind kind = SplitKind::none;
  int32_t attribute = -1;
  double value = 0;
  double merit = 0;  ///< information gain in bits
};

/// The branch of a value; `usual` for one that is missing or has none.
inline int branch_of(double x, SplitKind kind, double value, int branches, int usual) {
  if (std::isnan(x)) return usual;
  if (kind == SplitKind::at_most) return x <= value ? 0 : 1;
  if (kind == SplitKind::equals) return x == value ? 0 : 1;
  return x >= 0 && x < branches ? static_cast<int>(x) : usual;
}

/// DataError when a loaded node's split is none of this stream's: its kind and value fit the attribute, and
/// there are as many branches as it needs.
void check_split(Archive& archive, const Schema& schema, int attribute, SplitKind kind, double value,
                 size_t branches, int usual);

struct SplitSearch {
  Split best, second;
};

/// The two best splits, each of another attribute, and the one of not splitting when `with_none`. MOA's
/// candidates: `points` evenly spaced thresholds between the smallest and the largest value of a numeric
/// attribute; for a nominal one each value against the rest, and a branch per value unless `binary`. A split
/// counts only when two branches get a hundredth of the weight.
SplitSearch best_splits(const LeafStats& stats, const double* classes_C, bool with_none, bool binary,
                        int points);

/// The best split of each attribute for which there is one.
std::vector<Split> every_split(const LeafStats& stats, const double* classes_C, bool binary, int points);

/// How the classes divide: [branches][classes].
std::vector<std::vector<double>> branch_classes(const LeafStats& stats, const Split& split);

/// Entropy in bits.
double entropy(const double* counts, int n);

}  // namespace conclave::stream
