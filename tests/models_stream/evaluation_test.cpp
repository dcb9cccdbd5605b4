// How rows are counted, and when their labels arrive.
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "models/stream/eval/folds.h"
#include "models/stream/eval/run.h"
#include "models/stream/eval/running_auc.h"
#include "models/stream/generators/concept_drift.h"

namespace conclave::stream {
namespace {

// Notes what it is told; votes for class 1 with as many votes as rows were learned.
class Notebook final : public Learner {
 public:
  int classes() const override { return 2; }
  void grow_classes(int) override {}
  void votes(const double*, double* votes_C) override {
    votes_C[0] = 0;
    votes_C[1] = static_cast<double>(learned.size());
  }
  void learn(const double* x, int label, double) override {
    learned.push_back(static_cast<int>(x[0]));
    labels.push_back(label);
  }
  size_t bytes() const override { return 0; }
  void fields(Archive&) override {}
  std::vector<int> learned, labels;
};

// Rows 0, 1, 2, ... whose class is their last bit.
class Counting final : public Source {
 public:
  explicit Counting(int rows) : rows_(rows) {
    schema_.inputs = {Attribute::numeric("n")};
    schema_.label = Attribute::counted("class", 2);
  }
  const Schema& schema() const override { return schema_; }
  size_t read(RowBlock& block, size_t most) override {
    block.width = 1;
    block.clear();
    for (; block.size() < most && next_ < rows_; ++next_) {
      *block.add() = next_;
      block.y.back() = next_ % 2;
    }
    return block.size();
  }

 private:
  Schema schema_;
  int rows_, next_ = 0;
};

// How many rows had been learned when each one was predicted.
std::vector<int> learned_before(const RunOptions& options, int rows, Notebook& learner) {
  Counting source(rows);
  RunState state;
  RunHooks hooks;
  std::vector<int> before;
  hooks.on_votes = [&](const RowBlock& block, const double* votes) {
    for (size_t i = 0; i < block.size(); ++i) before.push_back(static_cast<int>(votes[2 * i + 1]));
  };
  run_prequential(source, learner, options, state, hooks);
  EXPECT_EQ(state.evaluation.rows(), rows);
  return before;
}

TEST(Run, ChunksAreTestedThenLearned) {
  RunOptions options;
  options.chunk = 4;
  options.block = 3;
  Notebook learner;
  EXPECT_EQ(learned_before(options, 10, learner), (std::vector<int>{0, 0, 0, 0, 4, 4, 4, 4, 8, 8}));
}

TEST(Run, DelayedLabelsArriveInTheirOrder) {
  RunOptions options;
  options.delay = 3;
  Notebook fixed;
  EXPECT_EQ(learned_before(options, 7, fixed), (std::vector<int>{0, 0, 0, 0, 1, 2, 3}));
  options.delay = 20;
  options.spread = 15;
  options.seed = 4;
  Notebook drawn;
  const auto before = learned_before(options, 500, drawn);
  ASSERT_GT(drawn.learned.size(), 450u);
  bool out_of_order = false;
  for (size_t i = 1; i < drawn.learned.size(); ++i) out_of_order |= drawn.learned[i] < drawn.learned[i - 1];
  EXPECT_TRUE(out_of_order);
  for (size_t row = 100; row < 500; ++row) {  // nothing sooner than 5 rows, nothing later than 35
    EXPECT_LE(before[row], static_cast<int>(row) - 5 + 30);
    EXPECT_GE(before[row], static_cast<int>(row) - 36);
  }
  for (size_t i = 0; i < drawn.learned.size(); ++i) EXPECT_EQ(drawn.labels[i], drawn.learned[i] % 2);
}

TEST(Run, AShareOfTheLabelsArrivesWhateverTheBlocks) {
  RunOptions options;
  options.labels = 0.1;
  options.warm = 50;
  options.seed = 3;
  Notebook whole, parts, delayed;
  learned_before(options, 5000, whole);
  options.block = 7;
  learned_before(options, 5000, parts);
  EXPECT_EQ(whole.learned, parts.learned);
  ASSERT_GT(whole.learned.size(), 50u);
  for (int row = 0; row < 50; ++row) EXPECT_EQ(whole.learned[row], row);
  EXPECT_NEAR(static_cast<double>(whole.learned.size() - 50) / 4950, 0.1, 0.02);
  options.delay = 10;
  learned_before(options, 5000, delayed);
  EXPECT_TRUE(std::equal(delayed.learned.begin(), delayed.learned.end(), whole.learned.begin()));
}

TEST(Run, WaitingRowsSurviveASnapshot) {
  RunOptions options;
  options.delay = 20;
  options.spread = 10;
  options.every = 100;
  Notebook whole, first;
  learned_before(options, 300, whole);
  Counting source(300);
  RunState state;
  RunHooks hooks;
  hooks.on_progress = [](const RunState& now) { return now.rows < 200; };
  run_prequential(source, first, options, state, hooks);
  ASSERT_EQ(state.rows, 200);
  Archive saved;
  saved(state);
  Archive load(saved.bytes(), "state");
  RunState again;
  load(again);
  run_prequential(source, first, options, again);
  EXPECT_EQ(first.learned, whole.learned);
}

TEST(Prequential, HasRecallPrecisionAndAnEstimateSinceTheLastChange) {
  Prequential p;
  for (int i = 0; i < 3; ++i) p.add(0, 0, 3);
  p.add(0, 1, 3);
  p.add(1, 1, 3);
  const Scores s = p.cumulative();
  EXPECT_DOUBLE_EQ(s.recall[0], 0.75);
  EXPECT_DOUBLE_EQ(s.precision[1], 0.5);
  EXPECT_TRUE(std::isnan(s.recall[2]) && std::isnan(s.precision[2]));
  for (int i = 0; i < 3000; ++i) p.add(0, 0, 3);
  EXPECT_GT(p.adwin_accuracy(), 0.99);
  for (int i = 0; i < 3000; ++i) p.add(0, 1, 3);
  EXPECT_LT(p.adwin_accuracy(), 0.05);  // the good times are forgotten
  EXPECT_NEAR(p.cumulative().accuracy, 0.5, 0.01);
}

std::vector<LearnerPtr> notebooks(int n) {
  std::vector<LearnerPtr> list;
  for (int i = 0; i < n; ++i) list.push_back(std::make_unique<Notebook>());
  return list;
}
size_t learned(const LearnerPtr& learner) {
  return dynamic_cast<const Notebook&>(*learner).learned.size();
}

TEST(Folds, EachRowTestsOneAndTrainsTheOthers) {
  auto learners = notebooks(5);
  Counting source(4000);
  const auto evaluations = run_folds(source, learners, {});
  int64_t tested = 0;
  for (int f = 0; f < 5; ++f) {
    tested += evaluations[f].rows();
    EXPECT_EQ(evaluations[f].rows() + static_cast<int64_t>(learned(learners[f])), 4000);
    EXPECT_NEAR(static_cast<double>(evaluations[f].rows()), 800, 120);
  }
  EXPECT_EQ(tested, 4000);
}

TEST(Folds, OrTrainsOneAndTestsTheOthersOrIsDrawnForEach) {
  FoldOptions options;
  options.scheme = FoldScheme::split;
  auto split = notebooks(4);
  Counting source(1000);
  const auto evaluations = run_folds(source, split, options);
  size_t all = 0;
  for (int f = 0; f < 4; ++f) {
    all += learned(split[f]);
    EXPECT_EQ(evaluations[f].rows() + static_cast<int64_t>(learned(split[f])), 1000);
  }
  EXPECT_EQ(all, 1000u);
  options.scheme = FoldScheme::bootstrap;
  auto drawn = notebooks(3);
  Counting again(2000);
  for (const auto& evaluation : run_folds(again, drawn, options)) EXPECT_EQ(evaluation.rows(), 2000);
  for (const auto& learner : drawn) EXPECT_NEAR(static_cast<double>(learned(learner)), 2000, 200);
}

TEST(Folds, ThreadsChangeNothing) {
  std::vector<double> accuracies[2];
  for (const int threads : {1, 3}) {
    const auto source = make_generator({{"generator", "sea"}});
    std::vector<LearnerPtr> learners;
    for (uint64_t seed = 0; seed < 4; ++seed)
      learners.push_back(make_learner({{"learner", "hoeffding-tree"}}, {source->schema(), seed, 1}));
    FoldOptions options;
    options.rows = 3000;
    options.threads = threads;
    for (const auto& evaluation : run_folds(*source, learners, options))
      accuracies[threads / 3].push_back(evaluation.classes.cumulative().accuracy);
  }
  EXPECT_EQ(accuracies[0], accuracies[1]);
}

TEST(RunningAuc, CountsPairs) {
  RunningAuc auc;
  EXPECT_TRUE(std::isnan(auc.value()));
  Random random(3, "auc");
  std::vector<double> scores[2];
  for (int i = 0; i < 400; ++i) {
    const bool positive = random.below(3) == 0;
    const double score = static_cast<double>(random.below(40)) / 40 + (positive ? 0.1 : 0);  // with ties
    auc.add(score, positive);
    scores[positive].push_back(score);
  }
  double won = 0;
  for (const double p : scores[1])
    for (const double n : scores[0]) won += p > n ? 1 : p == n ? 0.5 : 0;
  EXPECT_NEAR(auc.value(), won / static_cast<double>(scores[0].size() * scores[1].size()), 1e-12);
}

}  // namespace
}  // namespace conclave::stream
