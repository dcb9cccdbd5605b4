/// The Hoeffding tree, VFDT (Domingos and Hulten, 2000): a leaf is split once its best attribute is better
/// than the next one with a chosen probability.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/base/random.h"
#include "models/stream/tree/tree_leaf.h"
#include "models/stream/tree/tree_view.h"

namespace conclave::stream {

/// `count` of 0..width-1, in order.
std::vector<int32_t> draw_places(int width, int count, Random& random);

class HoeffdingTree {
 public:
  HoeffdingTree() = default;
  /// `seed` draws the attributes of leaves when there is a subspace.
  HoeffdingTree(const Schema& schema, const TreeOptions& options, uint64_t seed = 0);

  int classes() const { return classes_; }
  void grow_classes(int classes);

  /// Probabilities of the classes, summing to 1; all 0 before the first row.
  void votes(const double* x, double* votes_C);
  /// Learns one row; label < classes().
  void learn(const double* x, int label, double weight = 1);
  /// votes() and, when weight > 0, learn(): the way to the leaf and its votes are found once.
  void test_then_train(const double* x, int label, double weight, double* votes_C);

  int leaves() const { return static_cast<int>(leaves_.size()); }
  int depth() const;
  size_t bytes() const { return bytes_; }
  /// Weight learned so far.
  double weight() const { return weight_; }

  TreeView view() const;
  void fields(Archive& archive);

 private:
  // Children follow one another from first_child.
  struct Node {
    int32_t attribute = -1;  // -1: a leaf
    SplitKind kind = SplitKind::none;
    int32_t first_child = 0, children = 0;
    int32_t usual_child = 0;  // where a missing value goes
    int32_t leaf = 0;
    double value = 0;
    double merit = 0;  // of the split, times the weight it was made with
    void fields(Archive& a) { a(attribute, kind, first_child, children, usual_child, leaf, value, merit); }
  };
  struct Leaf : TreeLeaf {
    using TreeLeaf::TreeLeaf;
    int32_t node = 0;
    size_t bytes() const { return TreeLeaf::bytes() + sizeof(Leaf) - sizeof(TreeLeaf); }
    void fields(Archive& a) {
      TreeLeaf::fields(a);
      a(node);
    }
  };

  Leaf& leaf_of(const double* x);
  void learn_at(Leaf& leaf, const double* x, int label, double weight, int bayes);
  void try_split(int leaf);
  void split(int leaf, const Split& chosen);
  int add_leaf(std::vector<double> classes, int node);
  Observed draw_attributes();
  void rest_least_promising();

  Schema schema_;
  TreeOptions options_;
  Random random_{0};
  int classes_ = 0;
  double weight_ = 0;
  size_t bytes_ = 0;
  std::vector<Node> nodes_;
  std::vector<Leaf> leaves_;
  std::vector<double> scores_;
};

}  // namespace conclave::stream
