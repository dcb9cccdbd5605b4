// Adaptive random forest for regression (Gomes et al., 2018): Poisson weights, attributes drawn for each
// leaf, and trees whose errors grow are replaced by ones that were begun at a warning.
#include <algorithm>

#include "models/stream/base/poisson.h"
#include "models/stream/base/workers.h"
#include "models/stream/drift/adwin.h"
#include "models/stream/learners/forest_config.h"
#include "models/stream/regression/regression_tree_config.h"
#include "models/stream/regression/regressor.h"

namespace conclave::stream {
namespace {

struct RegressionForestOptions {
  RegressionTreeOptions tree;
  int members = 10;
  double lambda = 6, patch = 0.6;
  double drift_delta = 0.001, warning_delta = 0.01;
};

class RegressionForest final : public Regressor {
 public:
  RegressionForest(const RegressionForestOptions& options, const LearnerContext& context)
      : options_(options),
        schema_(context.schema),
        seed_(context.seed),
        poisson_(options.lambda),
        workers_(std::min(context.threads, options.members)),
        members_(options.members) {
    const int width = schema_.width();
    options_.tree.subspace = std::clamp(static_cast<int>(std::lround(options.patch * width)), 1, width);
    options_.tree.watch = false;  // the forest does that
    options_.tree.max_bytes = std::max<size_t>(options.tree.max_bytes / (2 * members_.size()), 1 << 16);
    for (size_t m = 0; m < members_.size(); ++m) {
      Member& member = members_[m];
      member.random = Random(seed_, fmt::format("member {}", m));
      reset_watch(member);
      member.tree = new_tree(member, m, member.birth);
    }
  }
  void test_then_train(const RowBlock& rows, double* predictions_T) override {
    const size_t n = rows.size();
    said_.resize(members_.size() * n);
    known_.resize(members_.size() * n);
    workers_.run(static_cast<int>(members_.size()), [&](int m) {
      for (size_t i = 0; i < n; ++i) {
        known_[m * n + i] = members_[m].rows > 0;
        said_[m * n + i] = step(members_[m], m, rows.row(i).data(), rows.y[i], 1);
      }
    });
    for (size_t i = 0; i < n; ++i) {
      double sum = 0, count = 0;
      for (size_t m = 0; m < members_.size(); ++m)
        if (known_[m * n + i]) sum += said_[m * n + i], ++count;
      predictions_T[i] = count > 0 ? sum / count : 0;
    }
  }
  size_t bytes() const override {
    size_t sum = sizeof(*this) + said_.capacity() * sizeof(double) + known_.capacity();
    for (const Member& member : members_)
      sum += sizeof(Member) + member.tree.bytes() + member.warning.bytes() + member.drift.bytes() +
             (member.background ? member.background->bytes() : 0);
    return sum;
  }
  Json describe() const override {
    Json list = Json::array();
    for (const Member& member : members_)
      list.push_back({{"leaves", member.tree.leaves()},
                      {"drifts", member.drifts},
                      {"background", member.background != nullptr}});
    return {{"members", std::move(list)}};
  }
  std::vector<TreeView> trees() const override {
    std::vector<TreeView> list;
    for (const Member& member : members_) list.push_back(member.tree.view());
    return list;
  }
  void fields(Archive& archive) override {
    auto count = static_cast<uint32_t>(members_.size());
    archive(count);
    archive.check(count == members_.size(), "another number of trees");
    for (size_t m = 0; m < members_.size(); ++m) {
      Member& member = members_[m];
      bool has_background = member.background != nullptr;
      archive(member.births, member.birth, member.background_birth, has_background, member.warning,
              member.drift, member.rows, member.drifts, member.random);
      if (archive.loading()) {
        member.tree = tree_of(m, member.birth);
        member.background =
            has_background ? std::make_unique<RegressionTree>(tree_of(m, member.background_birth)) : nullptr;
      }
      archive(member.tree);
      if (has_background) archive(*member.background);
    }
  }

 private:
  struct Member {
    RegressionTree tree;
    std::unique_ptr<RegressionTree> background;
    Adwin warning, drift;
    Random random{0};
    uint32_t births = 0, birth = 0, background_birth = 0;
    int64_t rows = 0, drifts = 0;  // rows: of the tree
  };

  RegressionTree tree_of(size_t m, uint32_t birth) const {
    return {schema_, options_.tree, fnv1a(fmt::format("{} {} {}", seed_, m, birth))};
  }
  RegressionTree new_tree(Member& member, size_t m, uint32_t& birth) {
    birth = member.births++;
    return tree_of(m, birth);
  }
  void reset_watch(Member& member) const {
    member.warning = Adwin(options_.warning_delta);
    member.drift = Adwin(options_.drift_delta);
  }

  // The prediction of one member, which then learns.
  double step(Member& member, size_t m, const double* x, double y, double weight) {
    if (!std::isfinite(y)) return member.tree.predict(x);
    const int k = poisson_.draw(member.random);
    const double said = k > 0 ? member.tree.learn(x, y, k * weight) : member.tree.predict(x);
    if (member.background && k > 0) member.background->learn(x, y, k * weight);
    ++member.rows;
    // Errors as a share of three deviations of the target, because ADWIN's bound is for values up to 1.
    const double spread = 3 * member.tree.deviation();
    const double error = spread > 0 ? std::min(1.0, std::fabs(y - said) / spread) : 0;
    member.warning.add(error);
    if (member.warning.grew()) {
      member.warning = Adwin(options_.warning_delta);
      member.background = std::make_unique<RegressionTree>(new_tree(member, m, member.background_birth));
    }
    member.drift.add(error);
    if (!member.drift.grew()) return said;
    ++member.drifts;
    if (member.background) {
      member.tree = std::move(*member.background);
      member.birth = member.background_birth;
      member.background.reset();
    } else {
      member.tree = new_tree(member, m, member.birth);
      member.rows = 0;
    }
    reset_watch(member);
    return said;
  }

  double predict(const double* x) override {
    double sum = 0, count = 0;
    for (Member& member : members_)
      if (member.rows > 0) sum += member.tree.predict(x), ++count;
    return count > 0 ? sum / count : 0;
  }
  void take(const double* x, double y, double weight) override {
    for (size_t m = 0; m < members_.size(); ++m) step(members_[m], m, x, y, weight);
  }

  RegressionForestOptions options_;
  Schema schema_;
  uint64_t seed_;
  Poisson poisson_;
  Workers workers_;
  std::vector<Member> members_;
  std::vector<double> said_;  // [members, rows]
  std::vector<uint8_t> known_;
};

}  // namespace

LearnerPtr make_arf_regressor(ConfigObject& c, const LearnerContext& context) {
  RegressionForestOptions o;
  o.tree.grace_period = 50;
  o.tree.split_confidence = 0.01;
  o.tree.max_bytes = size_t{256} << 20;
  o.tree = regression_tree_options(c, o.tree);
  read_forest_options(c, o);
  return std::make_unique<RegressionForest>(o, context);
}

}  // namespace conclave::stream
