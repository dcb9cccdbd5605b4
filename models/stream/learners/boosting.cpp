#include "models/stream/learners/boosting.h"

#include <cmath>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/settings.h"
#include "models/stream/learners/member_trees.h"
#include "models/stream/learners/tree_config.h"

namespace conclave::stream {
namespace {

// Poisson's distribution for a mean that changes from draw to draw.
int draw_poisson(double mean, Random& random) {
  if (mean >= 100)
    return std::max(0, static_cast<int>(std::lround(mean + std::sqrt(mean) * random.normal())));
  const double least = std::exp(-mean);
  int k = 0;
  for (double product = random.uniform(); product > least; product *= random.uniform()) ++k;
  return k;
}

class OzaBoost final : public TreeEnsemble {
 public:
  OzaBoost(const TreeOptions& options, int members, bool pure, const LearnerContext& context)
      : TreeEnsemble(options, members, context),
        pure_(pure),
        random_(context.seed, "weights"),
        right_(members),
        wrong_(members) {
    for (int m = 0; m < members; ++m) trees_.push_back(new_tree());
  }
  Json describe() const override {
    Json list = Json::array();
    for (size_t m = 0; m < trees_.size(); ++m)
      list.push_back({{"leaves", trees_[m].leaves()}, {"weight", weight_of(m)}});
    return {{"members", std::move(list)}};
  }
  void fields(Archive& archive) override {
    const size_t members = trees_.size();
    archive(random_, seen_, right_, wrong_);
    archive.check(right_.size() == members && wrong_.size() == members, "another number of trees");
    archive_trees(archive);
  }

 private:
  // The logarithm of its odds of being right, 0 when it is no better than chance.
  double weight_of(size_t m) const {
    const double error = wrong_[m] / (right_[m] + wrong_[m]);
    return error > 0 && error <= 0.5 ? std::log((1 - error) / error) : 0;
  }
  void step(const double* x, int label, double weight, double* votes_C) override {
    std::fill_n(votes_C, classes_, 0.0);
    for (size_t m = 0; m < trees_.size(); ++m) {
      const double counts = weight_of(m);
      if (m > 0 && !(counts > 0)) break;  // those behind it learned from its errors
      trees_[m].votes(x, said_.data());
      add_said(counts > 0 ? counts : 1e-9, votes_C);
      if (!(counts > 0)) break;
    }
    normalise(votes_C);
    if (label < 0 || !(weight > 0)) return;
    seen_ += weight;
    double lambda = 1;
    for (size_t m = 0; m < trees_.size(); ++m) {
      const double k = pure_ ? lambda : draw_poisson(lambda, random_);
      if (k > 0) trees_[m].learn(x, label, weight * k);
      trees_[m].votes(x, said_.data());
      double& sum = arg_max(said_.data(), classes_) == label ? right_[m] : wrong_[m];
      sum += lambda;
      lambda = std::min(1e6, lambda * seen_ / (2 * sum));
    }
  }

  bool pure_;
  Random random_;
  double seen_ = 0;
  std::vector<double> right_, wrong_;  // weights of the rows, by member
};

class SmoothBoost final : public TreeEnsemble {
 public:
  SmoothBoost(const TreeOptions& options, int members, double gamma, const LearnerContext& context)
      : TreeEnsemble(options, members, context), gamma_(gamma) {
    for (int m = 0; m < members; ++m) trees_.push_back(new_tree());
  }
  void fields(Archive& archive) override { archive_trees(archive); }

 private:
  void step(const double* x, int label, double weight, double* votes_C) override {
    std::fill_n(votes_C, classes_, 0.0);
    const double theta = gamma_ / (2 + gamma_);
    double margin = 0, next = 1;
    for (auto& tree : trees_) {
      tree.test_then_train(x, label, label < 0 ? 0 : weight * next, said_.data());
      add_said(1, votes_C);
      margin += (arg_max(said_.data(), classes_) == label ? 1 : -1) - theta;
      next = margin <= 0 ? 1 : std::pow(1 - gamma_, margin / 2);
    }
    normalise(votes_C);
  }

  double gamma_;
};

}  // namespace

LearnerPtr make_oza_boost(ConfigObject& c, const LearnerContext& context) {
  const auto members = integer_in(c, "members", 10, 1, 10000);
  const bool pure = c.get("pure_boost", false);
  TreeOptions o;
  o.max_bytes = size_t{256} << 20;
  return std::make_unique<OzaBoost>(tree_options(c, o), members, pure, context);
}

LearnerPtr make_smooth_boost(ConfigObject& c, const LearnerContext& context) {
  const auto members = integer_in(c, "members", 10, 1, 10000);
  const double gamma = fraction(c, "gamma", 0.1);
  TreeOptions o;
  o.max_bytes = size_t{256} << 20;
  return std::make_unique<SmoothBoost>(tree_options(c, o), members, gamma, context);
}

}  // namespace conclave::stream
