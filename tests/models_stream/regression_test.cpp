// Learners of numbers: known answers, and what each promises.
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/text_source.h"
#include "models/stream/regression/regression_tree.h"

namespace conclave::stream {
namespace {

Schema two_inputs() {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::counted("b", 4)};
  schema.label = Attribute::numeric("y");
  return schema;
}

TEST(TargetBins, FindTheSplitThatTakesMostVariance) {
  const auto observed = Observed::all(two_inputs());
  for (const int attribute : {0, 1}) {
    TargetBins bins(64);
    Random random(1);
    for (int i = 0; i < 4000; ++i) {
      const double x[] = {random.uniform(),
                          random.chance(0.1) ? kMissing : static_cast<double>(random.below(4))};
      const bool high = attribute == 0 ? x[0] > 0.3 : x[1] == 2;
      bins.add(observed, x, 1e6 + (high ? 5 : 1) + 0.1 * random.normal(), 1);
    }
    TargetSplit best, second;
    bins.best_splits(observed, 5, best, second);
    EXPECT_EQ(best.attribute, attribute);
    EXPECT_LT(second.merit, 0.1 * best.merit);
    if (attribute == 0) {
      EXPECT_NEAR(best.value, 0.3, 0.02);
      EXPECT_NEAR(best.means[0], 1e6 + 1, 0.2);
      EXPECT_NEAR(best.means[1], 1e6 + 5, 0.1);
      EXPECT_NEAR(best.merit, 16 * 0.3 * 0.7, 0.25);
    } else {
      EXPECT_EQ(best.kind, SplitKind::equals);
      EXPECT_EQ(best.value, 2);
    }
  }
}

TEST(TargetBins, KnowNoSplitOfOneValue) {
  const auto observed = Observed::all(two_inputs());
  TargetBins bins(8);
  for (int i = 0; i < 100; ++i) {
    const double x[] = {7, kMissing};
    bins.add(observed, x, i, 1);
  }
  TargetSplit best, second;
  bins.best_splits(observed, 5, best, second);
  EXPECT_EQ(best.merit, 0);
  for (int i = 0; i < 100; ++i) {  // another value, later
    const double x[] = {9, kMissing};
    bins.add(observed, x, 1000, 1);
  }
  bins.best_splits(observed, 5, best, second);
  EXPECT_GT(best.merit, 0);
  EXPECT_TRUE(best.value >= 7 && best.value < 9) << best.value;
}

TEST(RegressionTree, LearnsSteps) {
  RegressionTreeOptions options;
  options.leaf = LeafModel::mean;
  RegressionTree tree(two_inputs(), options);
  Random random(2);
  const auto truth = [](const double* x) { return (x[0] <= 0.5 ? 1.0 : 4.0) + (x[1] == 3 ? 10 : 0); };
  for (int i = 0; i < 5000; ++i) {
    const double x[] = {random.uniform(), static_cast<double>(random.below(4))};
    tree.learn(x, truth(x) + 0.1 * random.normal(), 1);
  }
  EXPECT_GE(tree.leaves(), 4);
  for (const double a : {0.1, 0.4, 0.6, 0.9})
    for (const double b : {0.0, 3.0}) {
      const double x[] = {a, b};
      EXPECT_NEAR(tree.predict(x), truth(x), 0.15) << a << " " << b;
    }
}

TEST(RegressionTree, SaysWhatItWouldSayNext) {
  RegressionTreeOptions options;
  options.grace_period = 25;
  options.split_confidence = 0.05;
  RegressionTree tree(two_inputs(), options);
  Random random(3);
  for (int i = 0; i < 5000; ++i) {
    const double x[] = {random.uniform(), static_cast<double>(random.below(4))};
    const double wanted = tree.predict(x);
    double after = 0;
    ASSERT_EQ(tree.learn(x, x[0] * x[1], 1, &after), wanted) << i;
    ASSERT_EQ(tree.predict(x), after) << i;
  }
}

TEST(RegressionTree, ReplacesBranchesAfterADrift) {
  RegressionTreeOptions options;
  options.leaf = LeafModel::mean;
  RegressionTreeOptions still = options;
  still.watch = false;
  RegressionTree tree(two_inputs(), options), other(two_inputs(), still);
  Random random(4);
  double errors[2] = {0, 0};
  for (int i = 0; i < 40000; ++i) {
    const double x[] = {random.uniform(), static_cast<double>(random.below(4))};
    const double y = (i < 20000) == (x[0] < 0.5) ? 0 : 10;
    const double said[] = {tree.learn(x, y, 1), other.learn(x, y, 1)};
    for (int k = 0; i >= 30000 && k < 2; ++k) errors[k] += std::fabs(y - said[k]);
  }
  EXPECT_GE(tree.switches(), 1);
  EXPECT_LT(errors[0] / 10000, 0.2);
  EXPECT_LT(errors[0], errors[1]);
}

TEST(RegressionMetrics, FollowTheDefinitions) {
  RegressionMetrics metrics(2);
  EXPECT_TRUE(std::isnan(metrics.cumulative().mae));
  for (const auto& [y, said] : {std::pair(1.0, 2.0), std::pair(3.0, 3.0), std::pair(5.0, 2.0)})
    metrics.add(y, said);
  const auto s = metrics.cumulative();
  EXPECT_DOUBLE_EQ(s.mae, 4.0 / 3);
  EXPECT_DOUBLE_EQ(s.rmse, std::sqrt(10.0 / 3));
  EXPECT_DOUBLE_EQ(s.r2, 1 - 10.0 / 8);
  EXPECT_DOUBLE_EQ(metrics.windowed().mae, 1.5);
}

class Regressors : public ::testing::TestWithParam<std::string> {
 protected:
  static LearnerPtr make(const Schema& schema, int threads = 1, Json config = Json::object()) {
    config["learner"] = GetParam();
    return make_learner(config, {schema, 5, threads});
  }
  static GeneratorPtr stream() {
    return make_generator(Json{{"generator", "friedman"}, {"function", {1, 4}}, {"positions", {3000}}});
  }
  static std::vector<double> predictions(Source& source, Learner& learner, int64_t rows, size_t block,
                                         RunState* end = nullptr) {
    std::vector<double> all;
    RunOptions options;
    options.rows = rows;
    options.block = block;
    RunState state;
    RunHooks hooks;
    hooks.on_votes = [&](const RowBlock& b, const double* said) {
      all.insert(all.end(), said, said + b.size());
    };
    run_prequential(source, learner, options, state, hooks);
    if (end) *end = state;
    return all;
  }
};

TEST_P(Regressors, BlocksAndThreadsChangeNothing) {
  const auto a = stream(), b = stream(), c = stream();
  const auto one = make(a->schema()), many = make(b->schema(), 3), apart = make(c->schema());
  const auto wanted = predictions(*a, *one, 5000, 1);
  EXPECT_EQ(predictions(*b, *many, 5000, 333), wanted);
  std::vector<double> x(10);
  for (size_t i = 0; i < 5000; ++i) {
    const double y = c->next(x.data());
    double said = 0;
    apart->votes(x.data(), &said);
    ASSERT_EQ(said, wanted[i]) << i;
    apart->learn_target(x.data(), y, 1);
  }
}

TEST_P(Regressors, GoOnAfterLoading) {
  const auto source = stream();
  const auto learner = make(source->schema()), again = make(source->schema());
  predictions(*source, *learner, 5000, 256);
  Archive save;
  learner->fields(save);
  Archive load(save.bytes(), "test");
  again->fields(load);
  EXPECT_TRUE(load.done());
  Archive twice;
  again->fields(twice);
  EXPECT_EQ(twice.bytes(), save.bytes());
  const auto rest = stream(), same = stream();
  EXPECT_EQ(predictions(*rest, *learner, 4000, 256), predictions(*same, *again, 4000, 256));
  for (size_t cut = 0; cut < save.bytes().size(); cut += 1 + save.bytes().size() / 37) {
    const auto fresh = make(source->schema());
    Archive broken(std::string_view(save.bytes()).substr(0, cut), "cut");
    EXPECT_THROW(fresh->fields(broken), DataError);
  }
}

TEST_P(Regressors, ExplainFriedmansFunctionAndComeBackAfterADrift) {
  const auto source =
      make_generator(Json{{"generator", "friedman"}, {"function", {1, 6}}, {"positions", {15000}}});
  const auto learner = make(source->schema());
  RunState state, later;
  RunOptions options;
  for (const int64_t rows : {15000, 30000}) {
    options.rows = rows;
    run_prequential(*source, *learner, options, state);
    EXPECT_GT(state.regression.windowed().r2, GetParam() == "linear-regressor" ? 0.6 : 0.75) << rows;
  }
}

TEST_P(Regressors, SurviveMissingValuesAndOutliers) {
  const Schema schema = two_inputs();
  const auto learner = make(schema);
  RowBlock block;
  block.width = 2;
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    double* x = block.add();
    x[0] = random.chance(0.2) ? kMissing : random.chance(0.01) ? 1e300 : random.normal();
    x[1] = random.chance(0.2) ? kMissing : static_cast<double>(random.below(4));
    block.y.back() = random.chance(0.2) ? kMissing : random.normal();
  }
  std::vector<double> said(block.size());
  learner->test_then_train(block, said.data());
  for (size_t i = 0; i < block.size(); ++i) ASSERT_TRUE(std::isfinite(said[i])) << i;
}

INSTANTIATE_TEST_SUITE_P(All, Regressors, ::testing::ValuesIn(regressor_names()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(RegressionTree, KeepsToItsMemory) {
  const auto source = make_generator(Json{{"generator", "friedman"}});
  for (const char* name : {"fimt-dd", "arf-regressor", "sgbt"}) {
    const auto learner = make_learner(
        {{"learner", name}, {"grace_period", 25}, {"split_confidence", 0.1}, {"memory", 2000000}},
        {source->schema(), 1, 1});
    RunOptions options;
    options.rows = 20000;
    RunState state;
    run_prequential(*source, *learner, options, state);
    EXPECT_LT(learner->bytes(), 2500000u + 100 * 20000) << name;
    EXPECT_GT(state.regression.cumulative().r2, 0.5) << name;
  }
}

TEST(MakeLearner, KnowsClassesFromNumbers) {
  const auto numbers = make_generator(Json{{"generator", "friedman"}});
  const auto classes = make_generator(Json{{"generator", "sea"}});
  EXPECT_THROW(make_learner({{"learner", "moe"}}, {numbers->schema(), 0, 1}), UsageError);
  EXPECT_THROW(make_learner({{"learner", "fimt-dd"}}, {classes->schema(), 0, 1}), UsageError);
  EXPECT_TRUE(make_learner({{"learner", "sgbt"}}, {numbers->schema(), 0, 1})->regression());
  EXPECT_FALSE(make_learner({{"learner", "sgbt"}}, {classes->schema(), 0, 1})->regression());
}

TEST(RunPrequential, DelaysTargetsAndReadsNumbersFromText) {
  std::string bytes = "x,y\n";
  for (int i = 0; i < 2000; ++i) bytes += fmt::format("{},{}\n", i % 10, i % 10 < 5 ? 2.5 : -1.25);
  ReaderOptions reader;
  reader.regression = true;
  const auto source = open_text(bytes_of(bytes), "test", reader);
  const auto learner = make_learner({{"learner", "fimt-dd"}}, {source->schema(), 1, 1});
  RunOptions options;
  options.delay = 10;
  RunState state;
  run_prequential(*source, *learner, options, state);
  EXPECT_EQ(state.regression.rows(), 2000);
  EXPECT_LT(state.regression.windowed().mae, 0.05);
}

}  // namespace
}  // namespace conclave::stream
