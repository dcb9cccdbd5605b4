/// The area under the ROC curve of all rows so far.
#pragma once

#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <utility>

namespace conclave::stream {

/// The share of pairs of a positive and a negative row in which the positive one has the higher score, equal
/// scores counted as half (Hanley and McNeil, 1982). Keeps every score.
class RunningAuc {
 public:
  void add(double score, bool positive);
  /// NaN until there is a row of either kind.
  double value() const;

 private:
  // By score, then by when it came; knows how many are below.
  using Scores = __gnu_pbds::tree<std::pair<double, int64_t>, __gnu_pbds::null_type, std::less<>,
                                  __gnu_pbds::rb_tree_tag, __gnu_pbds::tree_order_statistics_node_update>;
  Scores positives_, negatives_;
  int64_t rows_ = 0;
  double won_ = 0;  // pairs, halves of ties counted
};

}  // namespace conclave::stream
