#include "models/stream/learners/tree_learners.h"

#include "models/stream/learners/tree_config.h"
#include "models/stream/tree/adaptive_tree.h"
#include "models/stream/tree/fast_tree.h"

namespace conclave::stream {
namespace {

Json describe_tree(const AdaptiveTree& tree) {
  return {{"leaves", tree.leaves()}, {"depth", tree.depth()}, {"switches", tree.switches()}};
}
Json describe_tree(const FastTree& tree) {
  return {{"leaves", tree.leaves()}, {"depth", tree.depth()}, {"revisions", tree.revisions()}};
}

template <class Tree>
class TreeOf final : public Learner {
 public:
  explicit TreeOf(Tree tree) : tree_(std::move(tree)), unused_(tree_.classes()) {}
  int classes() const override { return tree_.classes(); }
  void grow_classes(int classes) override {
    tree_.grow_classes(classes);
    unused_.resize(tree_.classes());
  }
  void votes(const double* x, double* votes_C) override { tree_.votes(x, votes_C); }
  void learn(const double* x, int label, double weight) override {
    unused_.resize(tree_.classes());
    tree_.test_then_train(x, label, weight, unused_.data());
  }
  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const int label = rows.label(i);
      tree_.test_then_train(rows.row(i).data(), label, label < 0 ? 0 : 1, votes_TC + i * tree_.classes());
    }
  }
  size_t bytes() const override { return sizeof(*this) + tree_.bytes(); }
  Json describe() const override { return describe_tree(tree_); }
  std::vector<TreeView> trees() const override { return {tree_.view()}; }
  void fields(Archive& archive) override { archive(tree_); }

 private:
  Tree tree_;
  std::vector<double> unused_;
};

}  // namespace

LearnerPtr make_hat(ConfigObject& c, const LearnerContext& context) {
  return std::make_unique<TreeOf<AdaptiveTree>>(
      AdaptiveTree(context.schema, tree_options(c, {}), context.seed));
}

LearnerPtr make_efdt(ConfigObject& c, const LearnerContext& context) {
  const int64_t period = c.get_integer("reevaluation_period", 2000, 1);
  return std::make_unique<TreeOf<FastTree>>(FastTree(context.schema, tree_options(c, {}), period));
}

}  // namespace conclave::stream
