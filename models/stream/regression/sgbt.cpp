// Streaming gradient-boosted trees (Gunasekara et al., 2024): each tree is a FIMT-DD tree over some of the
// attributes and learns what those before it leave over, gradient by hessian.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/settings.h"
#include "models/stream/base/workers.h"
#include "models/stream/regression/regression_tree_config.h"
#include "models/stream/regression/regressor.h"

namespace conclave::stream {
namespace {

constexpr double kLeastHessian = 1e-3;

struct SgbtOptions {
  RegressionTreeOptions tree;
  int iterations = 100;
  double attributes = 75;  // percent, per tree
  double rate = 0.0125;
  int multiply_hessian_by = 1;
  int skip_training = 1;
  bool squared_loss = false;
};

// One score: the log odds of a class, or a number.
class Boosting {
 public:
  Boosting(const SgbtOptions& options, const Schema& schema, uint64_t seed)
      : options_(options), random_(seed, "skip") {
    Random random(seed, "attributes");
    const int width = schema.width();
    const int count = std::clamp(static_cast<int>(std::lround(options.attributes / 100 * width)),
                                 std::min(2, width), width);
    for (int m = 0; m < options.iterations; ++m) {
      RegressionTreeOptions tree = options.tree;
      if (count < width) tree.only = draw_places(width, count, random);
      trees_.emplace_back(schema, tree, seed + static_cast<uint64_t>(m));
    }
  }

  struct Row {
    const double* x;
    double target, weight;
    bool learn;         // otherwise it is only asked about
    double before = 0;  // the score from before it was learned
    double score = 0;
  };
  // Tree by tree, each over all rows while it is in the cache: a tree needs no more of the others than what
  // those before it say of the row. The scores are those of going row by row.
  void take(std::span<Row> rows, bool odds) {
    for (Row& row : rows) {
      row.before = row.score = start_;
      if (!row.learn) continue;
      if (options_.skip_training > 1 && random_.below(static_cast<uint64_t>(options_.skip_training)) == 0) {
        row.learn = false;
        continue;
      }
      rows_ += row.weight;
      if (!odds) start_ += row.weight * (row.target - start_) / rows_;
    }
    for (RegressionTree& tree : trees_)
      for (Row& row : rows) take(tree, row, odds);
  }
  size_t bytes() const {
    size_t sum = sizeof(*this);
    for (const auto& tree : trees_) sum += tree.bytes();
    return sum;
  }
  int64_t leaves() const {
    int64_t sum = 0;
    for (const auto& tree : trees_) sum += tree.leaves();
    return sum;
  }
  int64_t switches() const {
    int64_t sum = 0;
    for (const auto& tree : trees_) sum += tree.switches();
    return sum;
  }
  void add_trees(std::vector<TreeView>& list) const {
    for (const auto& tree : trees_) list.push_back(tree.view());
  }
  void fields(Archive& archive) {
    archive(random_, rows_, start_);
    for (auto& tree : trees_) archive(tree);
  }

  // Whether it speaks of the odds that a row is not of its class.
  bool inverted = false;

 private:
  void take(RegressionTree& tree, Row& row, bool odds) const {
    if (!row.learn) {
      row.before += options_.rate * tree.predict(row.x);
      return;
    }
    double slope = row.target - row.score, times = 1, after = 0;
    if (odds && !options_.squared_loss) {
      const double p = 1 / (1 + fast_exp(-row.score)), hessian = std::max(kLeastHessian, p * (1 - p));
      slope = (row.target - p) / hessian;
      if (options_.multiply_hessian_by > 1) times = std::ceil(hessian * options_.multiply_hessian_by);
    }
    row.before += options_.rate * tree.learn(row.x, slope, row.weight * times, &after);
    row.score += options_.rate * after;
  }

  SgbtOptions options_;
  Random random_;
  double rows_ = 0, start_ = 0;  // start_: of a number, its mean
  std::vector<RegressionTree> trees_;
};

class Sgbt final : public Learner {
 public:
  Sgbt(const SgbtOptions& options, const LearnerContext& context)
      : options_(options),
        schema_(context.schema),
        seed_(context.seed),
        regression_(context.schema.regression()),
        classes_(regression_ ? 1 : 2),
        workers_(context.threads) {
    add(1);
    if (!regression_) grow_classes(context.schema.classes());
  }
  int classes() const override { return classes_; }
  bool regression() const override { return regression_; }
  // Of two classes the odds of the second say all; of more each has its own.
  void grow_classes(int classes) override {
    if (regression_ || classes <= classes_) return;
    if (parts_.size() == 1) {
      parts_.push_back(parts_[0]);
      parts_[0].inverted = true;
    }
    for (int c = static_cast<int>(parts_.size()); c < classes; ++c) add(c);
    classes_ = classes;
  }
  void votes(const double* x, double* votes_C) override {
    for (size_t p = 0; p < parts_.size(); ++p) {
      Boosting::Row row{x, 0, 0, false};
      parts_[p].take({&row, 1}, !regression_);
      place(p, row.before, votes_C);
    }
    if (!regression_) normalise(votes_C);
  }
  void learn(const double* x, int label, double weight) override { learn_target(x, label, weight); }
  void learn_target(const double* x, double y, double weight) override {
    if (!std::isfinite(y) || !(weight > 0)) return;
    for (size_t p = 0; p < parts_.size(); ++p) {
      Boosting::Row row{x, target(p, y), weight, true};
      parts_[p].take({&row, 1}, !regression_);
    }
  }
  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    workers_.run(static_cast<int>(parts_.size()), [&](int p) {
      std::vector<Boosting::Row> list;
      for (size_t i = 0; i < rows.size(); ++i) {
        const bool known = std::isfinite(rows.y[i]);
        list.push_back({rows.row(i).data(), known ? target(p, rows.y[i]) : 0, 1, known});
      }
      parts_[p].take(list, !regression_);
      for (size_t i = 0; i < rows.size(); ++i) place(p, list[i].before, votes_TC + i * classes_);
    });
    for (size_t i = 0; !regression_ && i < rows.size(); ++i) normalise(votes_TC + i * classes_);
  }
  size_t bytes() const override {
    size_t sum = sizeof(*this);
    for (const auto& part : parts_) sum += part.bytes();
    return sum;
  }
  Json describe() const override {
    Json list = Json::array();
    for (const auto& part : parts_)
      list.push_back({{"leaves", part.leaves()}, {"switches", part.switches()}});
    return {{"trees", options_.iterations}, {"parts", std::move(list)}};
  }
  // Of the first class all, then of the next.
  std::vector<TreeView> trees() const override {
    std::vector<TreeView> list;
    for (const auto& part : parts_) part.add_trees(list);
    return list;
  }
  void fields(Archive& archive) override {
    std::vector<uint8_t> inverted;
    for (const auto& part : parts_) inverted.push_back(part.inverted);
    archive(inverted);
    if (archive.loading()) {
      archive.check(inverted.size() >= parts_.size() && inverted.size() != 2, "another number of classes");
      if (inverted.size() > 1) grow_classes(static_cast<int>(inverted.size()));
      archive.check(inverted.size() == parts_.size(), "another number of classes");
      for (size_t p = 0; p < parts_.size(); ++p) parts_[p].inverted = inverted[p];
    }
    for (auto& part : parts_) archive(part);
  }

 private:
  void add(int c) { parts_.emplace_back(options_, schema_, fnv1a(fmt::format("{} part {}", seed_, c))); }
  // What part p is to learn from a label.
  double target(size_t p, double y) const {
    if (regression_) return y;
    const int own = parts_.size() == 1 ? 1 : static_cast<int>(p);
    return (static_cast<int>(y) == own) != parts_[p].inverted ? 1 : 0;
  }
  void place(size_t p, double score, double* votes_C) const {
    if (regression_) {
      votes_C[0] = score;
      return;
    }
    const double odds =
        options_.squared_loss ? std::clamp(score, 1e-6, 1 - 1e-6) : 1 / (1 + fast_exp(-score));
    const double share = parts_[p].inverted ? 1 - odds : odds;
    if (parts_.size() > 1) {
      votes_C[p] = share;
    } else {
      votes_C[0] = 1 - share;
      votes_C[1] = share;
    }
  }
  void normalise(double* votes_C) const {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) sum += votes_C[c];
    for (int c = 0; c < classes_; ++c) votes_C[c] = sum > 0 ? votes_C[c] / sum : 1.0 / classes_;
  }

  SgbtOptions options_;
  Schema schema_;
  uint64_t seed_;
  bool regression_;
  int classes_;
  Workers workers_;
  std::vector<Boosting> parts_;
};

}  // namespace

LearnerPtr make_sgbt(ConfigObject& c, const LearnerContext& context) {
  SgbtOptions o;
  if (context.schema.regression()) o.rate = 0.1;
  o.iterations = integer_in(c, "boosting_iterations", o.iterations, 1, 10000);
  o.attributes = positive(c, "percentage_of_features", o.attributes, 100);
  o.rate = positive(c, "learning_rate", o.rate, 1);
  o.multiply_hessian_by = integer_in(c, "multiply_hessian_by", o.multiply_hessian_by, 1);
  o.skip_training = integer_in(c, "skip_training", o.skip_training, 1);
  o.squared_loss = c.get("use_squared_loss", o.squared_loss);
  o.tree.grace_period = 25;
  o.tree.split_confidence = 0.05;
  o.tree.leaf = LeafModel::mean;
  o.tree.bins = 32;
  o.tree.max_bytes = size_t{256} << 20;
  o.tree = regression_tree_options(c, o.tree);
  const auto parts =
      static_cast<size_t>(std::max(1, context.schema.classes() > 2 ? context.schema.classes() : 1));
  o.tree.max_bytes = std::max<size_t>(o.tree.max_bytes / (parts * o.iterations), 1 << 14);
  return std::make_unique<Sgbt>(o, context);
}

}  // namespace conclave::stream
