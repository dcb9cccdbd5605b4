/// The Hoeffding adaptive tree (Bifet and Gavalda, 2009): ADWIN watches the errors of every branch, and one
/// whose errors grow gets a rival in the background that takes its place once it is better.
#pragma once

#include <memory>
#include <vector>

#include "models/stream/drift/adwin.h"
#include "models/stream/tree/tree_leaf.h"
#include "models/stream/tree/tree_view.h"

namespace conclave::stream {

class AdaptiveTree {
 public:
  AdaptiveTree(const Schema& schema, const TreeOptions& options, uint64_t seed = 0);

  int classes() const { return classes_; }
  void grow_classes(int classes);
  void votes(const double* x, double* votes_C);
  /// votes(), then, when weight > 0, the row is learned.
  void test_then_train(const double* x, int label, double weight, double* votes_C);

  int leaves() const { return count(*root_, false); }
  int depth() const { return depth_of(*root_); }
  size_t bytes() const { return sizeof(*this) + bytes_of(*root_); }
  int64_t switches() const { return switches_; }
  /// Without the rivals.
  TreeView view() const;
  void fields(Archive& archive);

 private:
  struct Node {
    int32_t attribute = -1;  // -1: a leaf
    SplitKind kind = SplitKind::none;
    int32_t usual_child = 0;
    double value = 0;
    double merit = 0;  // of the split, times the weight it was made with
    std::vector<std::unique_ptr<Node>> children;
    std::unique_ptr<Node> rival;
    Adwin errors;
    TreeLeaf leaf;
    void fields(Archive& a) { a(attribute, kind, usual_child, value, merit, children, rival, errors, leaf); }
  };
  // Where a row ends, and what it is taken for there.
  struct Reached {
    Node* leaf;
    int bayes, said;
  };

  std::unique_ptr<Node> new_leaf(std::vector<double> classes) const;
  Node* child_of(const Node& node, const double* x) const;
  Reached reach(Node& from, const double* x);
  void add_votes(const Node& leaf, double* votes_C) const;
  void add_rivals(Node& from, const double* x, double* votes_C);
  void learn_at(std::unique_ptr<Node>& place, const double* x, int label, double weight, Reached reached);
  bool settle(std::unique_ptr<Node>& place);
  void try_split(Node& node);
  void rest_least_promising();
  template <class Visit>
  static void each(Node& node, const Visit& visit);
  int count(const Node& node, bool rivals) const;
  int depth_of(const Node& node) const;
  size_t bytes_of(const Node& node) const;
  void check(Archive& archive, const Node& node) const;

  Schema schema_;
  TreeOptions options_;
  Observed observed_;
  Random random_;
  int classes_;
  int64_t rows_ = 0, switches_ = 0;
  std::unique_ptr<Node> root_;
  std::vector<double> scores_, said_;
};

}  // namespace conclave::stream
