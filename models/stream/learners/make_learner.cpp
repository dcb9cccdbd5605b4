// The table of learners and their options.
#include <fmt/ranges.h>

#include <algorithm>

#include "models/stream/base/settings.h"
#include "models/stream/driftmoe/drift_moe.h"
#include "models/stream/learners/boosting.h"
#include "models/stream/learners/forest.h"
#include "models/stream/learners/forest_config.h"
#include "models/stream/learners/linear.h"
#include "models/stream/learners/simple.h"
#include "models/stream/learners/tree_config.h"
#include "models/stream/learners/tree_learners.h"
#include "models/stream/moe/adaptive_moe.h"
#include "models/stream/regression/regressor.h"

namespace conclave::stream {
namespace {

ForestOptions forest_options(ConfigObject& c, ForestOptions o) {
  o.tree = tree_options(c, o.tree);
  read_forest_options(c, o);
  o.weighted_votes = c.get("weighted_votes", o.weighted_votes);
  return o;
}

// A forest's members share what memory there is.
ForestOptions bounded_forest() {
  ForestOptions o;
  o.tree.max_bytes = size_t{256} << 20;
  return o;
}

// Each with MOA's defaults, but ten members where MOA has a hundred.
LearnerPtr make_forest(ConfigObject& c, ForestOptions o, const LearnerContext& context) {
  return std::make_unique<Forest>(forest_options(c, std::move(o)), context);
}
LearnerPtr make_arf(ConfigObject& c, const LearnerContext& context) {
  ForestOptions o = bounded_forest();
  o.tree.grace_period = 50;
  o.tree.split_confidence = 0.01;
  o.patches = Patches::per_leaf;
  return make_forest(c, o, context);
}
LearnerPtr make_srp(ConfigObject& c, const LearnerContext& context) {
  ForestOptions o = bounded_forest();
  o.tree.grace_period = 50;
  o.tree.split_confidence = 0.01;
  o.patches = Patches::per_tree;
  o.drift_delta = 1e-5;
  o.warning_delta = 1e-4;
  return make_forest(c, o, context);
}
LearnerPtr make_leveraging_bagging(ConfigObject& c, const LearnerContext& context) {
  ForestOptions o = bounded_forest();
  o.on_drift = OnDrift::replace_worst;
  o.drift_delta = 0.002;
  o.weighted_votes = false;
  return make_forest(c, o, context);
}
LearnerPtr make_bagging(ConfigObject& c, const LearnerContext& context) {
  ForestOptions o = bounded_forest();
  o.on_drift = OnDrift::nothing;
  o.lambda = 1;
  o.weighted_votes = false;
  return make_forest(c, o, context);
}
LearnerPtr make_tree(ConfigObject& c, const LearnerContext& context) {
  return make_tree_learner(tree_options(c, {}), context);
}
LearnerPtr make_bayes(ConfigObject&, const LearnerContext& context) {
  return make_naive_bayes(context);
}
LearnerPtr make_most_frequent(ConfigObject&, const LearnerContext& context) {
  return make_majority(context);
}
LearnerPtr make_last_class(ConfigObject&, const LearnerContext& context) {
  return make_no_change(context);
}

LearnerPtr make_moe(ConfigObject& c, const LearnerContext& context) {
  MoeOptions o;
  o.trees = integer_in(c, "trees", o.trees, 0, 10000);
  o.bayes = c.get("bayes", o.bayes);
  o.linear = c.get("linear", o.linear);
  o.quick = c.get("quick", o.quick);
  o.neural = c.get("neural", o.neural);
  o.nearest = c.get("nearest", o.nearest);
  o.window = integer_in(c, "window", o.window, 1);
  o.k = integer_in(c, "k", o.k, 1);
  o.hidden = integer_in(c, "hidden", o.hidden, 1, 65536);
  o.linear_rate = positive(c, "linear_rate", o.linear_rate, 1000);
  o.quick_rate = positive(c, "quick_rate", o.quick_rate, 1000);
  o.neural_rate = positive(c, "neural_rate", o.neural_rate, 1000);
  o.lambda = positive(c, "lambda", o.lambda, 20);
  o.patch = positive(c, "patch", o.patch, 1);
  o.grace_period = positive(c, "grace_period", o.grace_period);
  o.split_confidence = fraction(c, "split_confidence", o.split_confidence);
  o.drift_delta = fraction(c, "drift_delta", o.drift_delta);
  o.warning_delta = fraction(c, "warning_delta", o.warning_delta);
  o.router.rate = real_in(c, "router_rate", o.router.rate, 0, 1);
  o.router.gate_rate = real_in(c, "gate_rate", o.router.gate_rate, 0, 1);
  o.router.floor = fraction(c, "floor", o.router.floor);
  o.memory = static_cast<size_t>(c.get_integer("memory", static_cast<int64_t>(o.memory), 1 << 20));
  return make_adaptive_moe(o, context);
}

enum class Learns : uint8_t { classes, numbers, both };

struct Entry {
  const char* name;
  Learns what;
  LearnerPtr (*make)(ConfigObject&, const LearnerContext&);
};

constexpr Entry kLearners[] = {
    {"moe", Learns::classes, make_moe},
    {"arf", Learns::classes, make_arf},
    {"srp", Learns::classes, make_srp},
    {"leveraging-bagging", Learns::classes, make_leveraging_bagging},
    {"bagging", Learns::classes, make_bagging},
    {"drift-moe", Learns::classes, make_drift_moe},
    {"hoeffding-tree", Learns::classes, make_tree},
    {"hoeffding-adaptive-tree", Learns::classes, make_hat},
    {"efdt", Learns::classes, make_efdt},
    {"oaue", Learns::classes, make_oaue},
    {"oza-boost", Learns::classes, make_oza_boost},
    {"online-smooth-boost", Learns::classes, make_smooth_boost},
    {"naive-bayes", Learns::classes, make_bayes},
    {"linear", Learns::classes, make_linear},
    {"perceptron", Learns::classes, make_perceptron},
    {"majority", Learns::classes, make_most_frequent},
    {"no-change", Learns::classes, make_last_class},
    {"sgbt", Learns::both, make_sgbt},
    {"fimt-dd", Learns::numbers, make_fimt_dd},
    {"arf-regressor", Learns::numbers, make_arf_regressor},
    {"linear-regressor", Learns::numbers, make_linear_regressor},
};

const Entry& find(const std::string& name) {
  for (const Entry& entry : kLearners)
    if (name == entry.name) return entry;
  throw UsageError(fmt::format("no learner '{}'; there are: {}", name, fmt::join(learner_names(), ", ")));
}

}  // namespace

std::vector<std::string> learner_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kLearners) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> regressor_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kLearners)
    if (entry.what != Learns::classes) names.emplace_back(entry.name);
  return names;
}

bool only_regresses(const std::string& learner) {
  return find(learner).what == Learns::numbers;
}

LearnerPtr make_learner(const Json& config, const LearnerContext& context) {
  ConfigObject c(config, "learner");
  const auto name = c.need<std::string>("learner");
  const Entry& entry = find(name);
  const Learns label = context.schema.regression() ? Learns::numbers : Learns::classes;
  require<UsageError>(entry.what == Learns::both || entry.what == label,
                      "learner {} predicts {}, but the label of this stream is {}", name,
                      entry.what == Learns::numbers ? "numbers" : "classes",
                      label == Learns::numbers ? "a number" : "a class");
  auto learner = entry.make(c, context);
  c.finish();
  return learner;
}

void Learner::test_then_train(const RowBlock& rows, double* votes_TC) {
  for (size_t i = 0; i < rows.size(); ++i) {
    votes(rows.row(i).data(), votes_TC + i * classes());
    if (const int label = rows.label(i); label >= 0) learn(rows.row(i).data(), label, 1);
  }
}

void Learner::learn_as_block(const double* x, int width, int label) {
  RowBlock one;
  one.width = width;
  std::copy_n(x, width, one.add());
  one.y[0] = label;
  std::vector<double> unused(static_cast<size_t>(classes()));
  test_then_train(one, unused.data());
}

}  // namespace conclave::stream
