/// A leaf of a Hoeffding tree: what it learned, how it votes, and when it is split.
#pragma once

#include <vector>

#include "models/stream/tree/split.h"
#include "models/stream/tree/tree_options.h"

namespace conclave::stream {

struct TreeLeaf {
  std::vector<double> classes;  ///< weights, with what came from the split
  LeafStats stats;
  double weight = 0, looked_at = 0;
  double majority_right = 0, bayes_right = 0;
  bool active = true;  ///< at rest it has no stats

  TreeLeaf() = default;
  /// A new one, with what is known of its classes.
  TreeLeaf(std::vector<double> from_split, Observed observed);

  /// Shares of the classes. Returns the class that naive Bayes would choose, -1 when it was not asked.
  /// `scores` is room to work in.
  int votes(const double* x, LeafVote how, std::vector<double>& scores, double* votes_C) const;
  /// The last of these alone.
  int bayes_choice(const double* x, LeafVote how, std::vector<double>& scores) const;
  void learn(const double* x, int label, double more, LeafVote how, int bayes);
  /// The split that is better than the next one with the probability asked for; none when there is no such.
  Split choose_split(const TreeOptions& options) const;
  /// Its share of the bound that the split has to keep (Hoeffding's).
  double bound(const TreeOptions& options) const;
  /// Puts it to rest, or wakes it up.
  void set_active(bool on, Observed observed);
  void grow_classes(int n);
  /// Weight that it gets wrong.
  double promise() const;
  size_t bytes() const {
    return sizeof(*this) - sizeof(LeafStats) + classes.size() * sizeof(double) + stats.bytes();
  }
  void fields(Archive& a) { a(classes, stats, weight, looked_at, majority_right, bayes_right, active); }
  /// DataError when a loaded one does not fit.
  void check(Archive& archive, int n, const Schema& schema) const;
};

}  // namespace conclave::stream
