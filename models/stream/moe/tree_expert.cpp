#include "models/stream/moe/expert.h"

namespace conclave::stream {
namespace {

class TreeExpert final : public Expert {
 public:
  TreeExpert(const Schema& schema, const TreeOptions& options, uint64_t seed, int classes)
      : tree_(schema, options, seed) {
    tree_.grow_classes(classes);
  }
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    tree_.test_then_train(row.x, label, label < 0 ? 0 : weight, votes_C);
  }
  void grow_classes(int classes) override { tree_.grow_classes(classes); }
  const HoeffdingTree* tree() const override { return &tree_; }
  size_t bytes() const override { return sizeof(*this) + tree_.bytes(); }
  void fields(Archive& archive) override {
    const int classes = tree_.classes();
    archive(tree_);
    archive.check(tree_.classes() == classes, "a tree of other classes");
  }

 private:
  HoeffdingTree tree_;
};

}  // namespace

ExpertPtr make_tree_expert(const Schema& schema, const TreeOptions& options, uint64_t seed, int classes) {
  return std::make_unique<TreeExpert>(schema, options, seed, classes);
}

}  // namespace conclave::stream
