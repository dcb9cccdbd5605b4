#include "models/stream/learners/simple.h"

#include <algorithm>

namespace conclave::stream {
namespace {

class TreeLearner final : public Learner {
 public:
  TreeLearner(const TreeOptions& options, const LearnerContext& context)
      : tree_(context.schema, options, context.seed) {}
  int classes() const override { return tree_.classes(); }
  void grow_classes(int classes) override { tree_.grow_classes(classes); }
  void votes(const double* x, double* votes_C) override { tree_.votes(x, votes_C); }
  void learn(const double* x, int label, double weight) override { tree_.learn(x, label, weight); }
  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    const int n = tree_.classes();
    for (size_t i = 0; i < rows.size(); ++i) {
      const int label = rows.label(i);
      tree_.test_then_train(rows.row(i).data(), label, label < 0 ? 0 : 1, votes_TC + i * n);
    }
  }
  size_t bytes() const override { return sizeof(*this) + tree_.bytes(); }
  Json describe() const override { return {{"leaves", tree_.leaves()}, {"depth", tree_.depth()}}; }
  std::vector<TreeView> trees() const override { return {tree_.view()}; }
  void fields(Archive& archive) override { archive(tree_); }

 private:
  HoeffdingTree tree_;
};

// Counts of the classes, and of the last one.
class Frequencies final : public Learner {
 public:
  Frequencies(bool last, const LearnerContext& context)
      : last_(last), counts_(std::max(1, context.schema.classes())) {}
  int classes() const override { return static_cast<int>(counts_.size()); }
  void grow_classes(int classes) override {
    counts_.resize(std::max(counts_.size(), static_cast<size_t>(classes)));
  }
  void votes(const double*, double* votes_C) override {
    double sum = 0;
    for (const double count : counts_) sum += count;
    for (size_t c = 0; c < counts_.size(); ++c) votes_C[c] = sum > 0 ? counts_[c] / sum : 0;
  }
  void learn(const double*, int label, double weight) override {
    if (last_) std::fill(counts_.begin(), counts_.end(), 0.0);
    counts_[label] += weight;
  }
  size_t bytes() const override { return sizeof(*this) + counts_.size() * sizeof(double); }
  void fields(Archive& archive) override {
    archive(counts_);
    archive.check(!counts_.empty(), "no classes");
  }

 private:
  bool last_;
  std::vector<double> counts_;
};

}  // namespace

LearnerPtr make_tree_learner(const TreeOptions& options, const LearnerContext& context) {
  return std::make_unique<TreeLearner>(options, context);
}

LearnerPtr make_naive_bayes(const LearnerContext& context) {
  TreeOptions options;
  options.leaf = LeafVote::naive_bayes;
  options.grace_period = 1e300;  // a tree that never splits
  return make_tree_learner(options, context);
}

LearnerPtr make_majority(const LearnerContext& context) {
  return std::make_unique<Frequencies>(false, context);
}

LearnerPtr make_no_change(const LearnerContext& context) {
  return std::make_unique<Frequencies>(true, context);
}

}  // namespace conclave::stream
