/// Ensembles of Hoeffding trees that differ by the weights of their rows and by the attributes they see:
/// online bagging, leveraging bagging, adaptive random forest, streaming random patches.
#pragma once

#include "models/stream/base/poisson.h"
#include "models/stream/base/workers.h"
#include "models/stream/drift/adwin.h"
#include "models/stream/learners/learner.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {

/// What a tree does when its errors grow.
enum class OnDrift : uint8_t {
  nothing,
  replace_worst,  ///< the tree with the most errors begins anew (leveraging bagging)
  background      ///< one that was begun at a warning takes over (adaptive random forest)
};

enum class Patches : uint8_t {
  none,
  per_leaf,  ///< a leaf chooses among attributes drawn for it
  per_tree
};

struct ForestOptions {
  TreeOptions tree;
  int members = 10;
  double lambda = 6;  ///< mean weight of a row
  OnDrift on_drift = OnDrift::background;
  Patches patches = Patches::none;
  double patch = 0.6;  ///< share of the attributes
  double drift_delta = 0.001, warning_delta = 0.01;
  bool weighted_votes = true;  ///< by the accuracy of the tree so far
};

class Forest final : public Learner {
 public:
  Forest(const ForestOptions& options, const LearnerContext& context);
  int classes() const override { return classes_; }
  void grow_classes(int classes) override;
  void votes(const double* x, double* votes_C) override;
  void learn(const double* x, int label, double weight) override;
  void test_then_train(const RowBlock& rows, double* votes_TC) override;
  size_t bytes() const override;
  Json describe() const override;
  std::vector<TreeView> trees() const override;
  void fields(Archive& archive) override;

  /// One tree with what watches over it.
  struct Member {
    HoeffdingTree tree;
    std::unique_ptr<HoeffdingTree> background;
    Adwin warning, drift;
    double right = 0, seen = 0;                        // of the tree
    double background_right = 0, background_seen = 0;  // of the background
    int64_t drifts = 0, warnings = 0;
    uint32_t births = 0, tree_birth = 0, background_birth = 0;  // each tree has a seed of its own
    Random random{0};
    std::vector<double> background_votes;
  };

 private:
  // A tree with the next seed, whose number is put into `birth`.
  HoeffdingTree new_tree(Member& member, int index, uint32_t& birth);
  void archive_tree(Archive& archive, HoeffdingTree& tree, int index, uint32_t birth);
  uint64_t tree_seed(int index, uint32_t birth) const;
  TreeOptions tree_options(int index, uint32_t birth) const;
  // One row for one member; votes_C are weighted. True when the worst one is to be replaced.
  bool step(Member& member, int index, const double* x, int label, double weight, double* votes_C);
  void watch(Member& member, int index, bool right);
  void replace_worst();
  void combine(size_t rows, double* votes_TC) const;

  ForestOptions options_;
  Schema schema_;
  uint64_t seed_;
  int classes_;
  Poisson poisson_;
  Workers workers_;
  std::vector<Member> members_;
  std::vector<double> member_votes_;  // [members, rows, classes]
};

}  // namespace conclave::stream
