/// The extremely fast decision tree (Manapragada, Webb and Salehi, 2018): a leaf is split as soon as
/// splitting is better than not, and every split is looked at again later.
#pragma once

#include <memory>
#include <vector>

#include "models/stream/tree/tree_leaf.h"
#include "models/stream/tree/tree_view.h"

namespace conclave::stream {

class FastTree {
 public:
  /// `reevaluation_period`: rows of the tree between two looks at the splits on the way of the row at hand.
  FastTree(const Schema& schema, const TreeOptions& options, int64_t reevaluation_period);

  int classes() const { return classes_; }
  void grow_classes(int classes);
  void votes(const double* x, double* votes_C);
  /// votes(), then, when weight > 0, the row is learned.
  void test_then_train(const double* x, int label, double weight, double* votes_C);

  int leaves() const { return leaves_; }
  int depth() const { return depth_of(*root_); }
  size_t bytes() const { return sizeof(*this) + bytes_; }
  /// Splits that were taken back or replaced.
  int64_t revisions() const { return revisions_; }
  TreeView view() const;
  void fields(Archive& archive);

 private:
  // Nodes with children keep what a leaf keeps.
  struct Node {
    int32_t attribute = -1;  // -1: a leaf
    SplitKind kind = SplitKind::none;
    int32_t usual_child = 0;
    double value = 0;
    std::vector<std::unique_ptr<Node>> children;
    TreeLeaf leaf;
    std::vector<double> gains;  // by attribute: sum of the merits of its best split, over the looks
    int64_t looks = 0;
    void fields(Archive& a) { a(attribute, kind, usual_child, value, children, leaf, gains, looks); }
  };

  std::unique_ptr<Node> new_leaf(std::vector<double> classes);
  Node* child_of(const Node& node, const double* x) const;
  // The best split as of now, and its mean merit so far.
  Split look(Node& node, double& mean_merit) const;
  void try_split(Node& node, const std::vector<int32_t>& used);
  void reconsider(Node& node, const std::vector<int32_t>& used);
  void split(Node& node, const Split& chosen);
  void refresh_size();
  void rest_least_promising();
  template <class Visit>
  static void each(Node& node, const Visit& visit);
  int depth_of(const Node& node) const;
  void check(Archive& archive, const Node& node) const;

  Schema schema_;
  TreeOptions options_;
  int64_t period_;
  Observed observed_;
  int classes_;
  int64_t rows_ = 0, revisions_ = 0;
  int32_t leaves_ = 0;
  size_t bytes_ = 0;
  std::unique_ptr<Node> root_;
  std::vector<double> scores_;
  std::vector<int32_t> used_;  // nominal attributes on the way
};

}  // namespace conclave::stream
