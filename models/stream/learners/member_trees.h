/// Hoeffding trees of an ensemble that goes from one to the next, row by row.
#pragma once

#include <algorithm>

#include "models/stream/learners/learner.h"

namespace conclave::stream {

class TreeEnsemble : public Learner {
 public:
  TreeEnsemble(const TreeOptions& options, int members, const LearnerContext& context)
      : tree_(options),
        schema_(context.schema),
        classes_(std::max(1, context.schema.classes())),
        said_(classes_) {
    tree_.max_bytes = std::max<size_t>(tree_.max_bytes / static_cast<size_t>(members), 1 << 16);
  }
  int classes() const final { return classes_; }
  void grow_classes(int classes) final {
    classes_ = std::max(classes_, classes);
    said_.resize(classes_);
    for (auto& tree : trees_) tree.grow_classes(classes_);
  }
  void votes(const double* x, double* votes_C) final { step(x, -1, 0, votes_C); }
  void learn(const double* x, int label, double weight) final {
    std::vector<double> unused(classes_);
    step(x, label, weight, unused.data());
  }
  void test_then_train(const RowBlock& rows, double* votes_TC) final {
    for (size_t i = 0; i < rows.size(); ++i)
      step(rows.row(i).data(), rows.label(i), 1, votes_TC + i * classes_);
  }
  size_t bytes() const override {
    size_t sum = sizeof(*this);
    for (const auto& tree : trees_) sum += tree.bytes();
    return sum;
  }
  std::vector<TreeView> trees() const final {
    std::vector<TreeView> list;
    for (const auto& tree : trees_) list.push_back(tree.view());
    return list;
  }

 protected:
  /// Votes on a row, then learns it if it has a label (0 or more) and a weight above 0.
  virtual void step(const double* x, int label, double weight, double* votes_C) = 0;

  HoeffdingTree new_tree() const {
    HoeffdingTree tree(schema_, tree_);
    tree.grow_classes(classes_);
    return tree;
  }
  void archive_trees(Archive& archive) {
    archive(classes_);
    archive.check(classes_ >= 1, "no classes");
    if (archive.loading()) {
      said_.assign(classes_, 0.0);
      for (auto& tree : trees_) tree = HoeffdingTree(schema_, tree_);
    }
    for (auto& tree : trees_) archive(tree);
    for (const auto& tree : trees_) archive.check(tree.classes() == classes_, "a tree with other classes");
  }
  void add_said(double weight, double* votes_C) const {
    for (int c = 0; c < classes_; ++c) votes_C[c] += weight * said_[c];
  }
  void normalise(double* votes_C) const {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) sum += votes_C[c];
    for (int c = 0; sum > 0 && c < classes_; ++c) votes_C[c] /= sum;
  }

  TreeOptions tree_;
  Schema schema_;
  int classes_;
  std::vector<HoeffdingTree> trees_;
  std::vector<double> said_;  // by the tree at hand
};

}  // namespace conclave::stream
