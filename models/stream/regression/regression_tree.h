/// FIMT-DD (Ikonomovska, Gama and Dzeroski, 2011): a Hoeffding tree for numbers, whose branches are replaced
/// when their errors grow.
#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/regression/target_bins.h"
#include "models/stream/tree/tree_view.h"

namespace conclave::stream {

/// What a leaf predicts. adaptive: the better one of the two of late.
enum class LeafModel : uint8_t { mean, linear, adaptive };

/// Names and defaults are MOA's where it has them.
struct RegressionTreeOptions {
  double grace_period = 200, split_confidence = 1e-7, tie_threshold = 0.05;
  LeafModel leaf = LeafModel::adaptive;
  int bins = 64;                 ///< per numeric attribute
  double learning_ratio = 0.02;  ///< step size of the linear models
  double learning_ratio_decay = 0.001;
  bool watch = true;                    ///< whether branches are replaced
  double page_hinckley_alpha = 0.005;   ///< change of the error that is tolerated
  double page_hinckley_threshold = 50;  ///< excess of the error that counts as a drift
  double alternate_fading = 0.995;      ///< of the losses that are compared
  double alternate_t_min = 150;         ///< rows between two comparisons
  double alternate_time = 1500;         ///< rows after which a branch in the background is given up
  int subspace = 0;                     ///< attributes that a leaf looks at, drawn for each leaf; 0: all
  std::vector<int32_t> only = {};       ///< attributes that the tree looks at; none: all
  size_t max_bytes = size_t{32} << 20;  ///< leaves that promise least are put to rest beyond it
};

class RegressionTree {
 public:
  RegressionTree() = default;
  RegressionTree(const Schema& schema, const RegressionTreeOptions& options, uint64_t seed = 0);

  /// 0 before the first row.
  double predict(const double* x);
  /// Returns the prediction from before; `after`, if wanted, becomes the one from after.
  double learn(const double* x, double y, double weight, double* after = nullptr);

  int leaves() const { return static_cast<int>(leaves_.size() - free_leaves_.size()); }
  int depth() const;
  size_t bytes() const;
  int64_t switches() const { return switches_; }
  /// Deviation of the targets so far.
  double deviation() const { return y_.deviation(); }
  /// Without the branches in the background.
  TreeView view() const;
  void fields(Archive& archive);

 private:
  // Weight, mean and sum of squared differences from it.
  struct Moments {
    double weight = 0, mean = 0, squares = 0;
    void add(double value, double w) {
      weight += w;
      const double delta = value - mean, step = delta * w / weight;
      mean += step;
      squares += w * delta * (delta - step);
    }
    double deviation() const { return weight > 1 ? std::sqrt(squares / weight) : 0; }
    void fields(Archive& a) { a(weight, mean, squares); }
  };
  // Children are neighbours.
  struct Node {
    int32_t attribute = -1;  // -1: a leaf
    SplitKind kind = SplitKind::none;
    int32_t first_child = 0, usual_child = 0, leaf = 0;
    double value = 0;
    double merit = 0;  // of the split, times the weight it was made with
    void fields(Archive& a) { a(attribute, kind, first_child, usual_child, leaf, value, merit); }
  };
  // Over a node that is none of the leaves: Page and Hinckley's test, and the branch that may replace it.
  struct Watch {
    double weight = 0, errors = 0, sum = 0, lowest = 0;
    int32_t alternate = -1;
    double rows = 0, compared_at = 0, loss = 0, alternate_loss = 0;
    void fields(Archive& a) {
      a(weight, errors, sum, lowest, alternate, rows, compared_at, loss, alternate_loss);
    }
  };
  struct Leaf {
    Moments y;
    double seen = 0, looked_at = 0;  // weight since the leaf is there
    double mean_loss = 0, linear_loss = 0;
    int32_t node = -1;  // -1: free
    bool active = true;
    Observed own;  // with a subspace; otherwise the tree's
    TargetBins bins;
    std::vector<double> weights;  // of the linear model
  };

  const Observed& observed(const Leaf& leaf) const { return options_.subspace > 0 ? leaf.own : observed_; }
  int descend(int node, const double* x, std::vector<int32_t>* path) const;
  double predict_at(const Leaf& leaf, const double* x);
  double linear(const Leaf& leaf) const;
  void normalise(const double* x);
  void learn_at(int leaf, const double* x, double y, double weight, bool may_split);
  void watch_path(const double* x, double y, double weight, double prediction, bool& may_split);
  void compare(int node, const double* x, double y, double prediction, bool& replaced);
  void try_split(int leaf);
  int add_leaf(int node);
  int add_pair();
  void remove_below(int node);
  void rest_least_promising();
  void check_shape(Archive& archive) const;

  Schema schema_;
  RegressionTreeOptions options_;
  Observed observed_;
  Random random_{0};
  Moments y_;
  std::vector<Moments> x_;  // by numeric attribute, for the linear models
  int64_t switches_ = 0;
  std::vector<Node> nodes_;
  std::vector<Watch> watches_;  // by node
  std::vector<Leaf> leaves_;
  std::vector<int32_t> free_pairs_, free_leaves_;
  int32_t active_ = 0;
  // Of the row at hand.
  std::vector<int32_t> path_;
  std::vector<double> z_;
};

}  // namespace conclave::stream
