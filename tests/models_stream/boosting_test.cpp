// Boosting, OAUE and linear learners: known answers.
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "models/stream/base/fast_math.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"

namespace conclave::stream {
namespace {

struct Ran {
  double accuracy, recent;
  LearnerPtr learner;
};

Ran run(const Json& config, const Json& stream, int64_t rows) {
  const auto source = make_generator(stream);
  auto learner = make_learner(config, {source->schema(), 1, 1});
  RunOptions options;
  options.rows = rows;
  RunState state;
  run_prequential(*source, *learner, options, state);
  return {state.evaluation.cumulative().accuracy, state.evaluation.windowed().accuracy, std::move(learner)};
}

// Of naive Bayes, which alone cannot hold this concept.
TEST(Boosting, LiftsAWeakLearner) {
  const Json stream = {{"generator", "agrawal"}, {"function", 2}};
  const double alone = run({{"learner", "naive-bayes"}}, stream, 12000).accuracy;
  EXPECT_GT(run({{"learner", "oza-boost"}, {"grace_period", 1e9}}, stream, 12000).accuracy, alone + 0.04);
  EXPECT_GT(run({{"learner", "online-smooth-boost"}, {"grace_period", 1e9}}, stream, 12000).accuracy,
            alone + 0.015);
}

TEST(OzaBoost, LeavesOutMembersNoBetterThanChance) {
  // Labels of a coin: no member gets a weight, and the votes still sum to 1.
  Schema schema;
  schema.inputs = {Attribute::numeric("a")};
  schema.label = Attribute::counted("class", 2);
  const auto learner = make_learner({{"learner", "oza-boost"}, {"members", 4}}, {schema, 1, 1});
  Random random(1);
  double votes[2];
  for (int i = 0; i < 2000; ++i) {
    const double x = random.normal();
    learner->learn(&x, static_cast<int>(random.below(2)), 1);
    learner->votes(&x, votes);
    ASSERT_NEAR(votes[0] + votes[1], 1, 1e-9) << i;
  }
}

TEST(Oaue, RenewsItsMembersAfterADrift) {
  const Json stream = {{"generator", "stagger"}, {"function", {1, 2, 3}}, {"positions", {8000, 16000}}};
  const auto oaue = run({{"learner", "oaue"}}, stream, 24000);
  EXPECT_GT(oaue.accuracy, run({{"learner", "hoeffding-tree"}}, stream, 24000).accuracy + 0.02);
  EXPECT_GT(oaue.recent, 0.98);
  EXPECT_EQ(oaue.learner->describe().at("members").size(), 10u);
  EXPECT_FALSE(oaue.learner->take_events().empty());
  EXPECT_TRUE(oaue.learner->take_events().empty());
}

TEST(Oaue, WeighsMembersByTheirErrors) {
  // With a window of 10 rows a member that is always right has an error near 0, so a weight near 1 / chance.
  Schema schema;
  schema.inputs = {Attribute::counted("a", 2)};
  schema.label = Attribute::counted("class", 2);
  const auto learner =
      make_learner({{"learner", "oaue"}, {"members", 2}, {"window_size", 10}}, {schema, 1, 1});
  for (int i = 0; i < 400; ++i) {
    const double x = i % 2;
    learner->learn(&x, i % 2, 1);
  }
  const Json parts = learner->describe();
  for (const Json& member : parts.at("members"))
    EXPECT_NEAR(member.at("weight").get<double>(), 1 / 0.25, 0.8) << parts;
}

TEST(Ensembles, KeepToTheirMemory) {
  const Json stream = {{"generator", "random-tree"}, {"depth", 8}};
  for (const char* name : {"oza-boost", "online-smooth-boost", "oaue"}) {
    const auto ran = run({{"learner", name},
                          {"members", 4},
                          {"memory", 800000},
                          {"grace_period", 50},
                          {"split_confidence", 0.1}},
                         stream, 20000);
    EXPECT_LT(ran.learner->bytes(), 1300000u) << name;
    EXPECT_GT(ran.accuracy, 0.6) << name;
  }
}

TEST(Linear, FindsALine) {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::numeric("b")};
  schema.label = Attribute::counted("class", 2);
  for (const char* name : {"linear", "perceptron"}) {
    const auto learner = make_learner({{"learner", name}}, {schema, 1, 1});
    Random random(2);
    int right = 0;
    double votes[2];
    for (int i = 0; i < 20000; ++i) {
      const double x[] = {100 + random.normal(), 1e-3 * random.normal()};
      const int label = x[0] - 100 + 1e3 * x[1] > 0;
      learner->votes(x, votes);
      if (i >= 10000) right += arg_max(votes, 2) == label;
      learner->learn(x, label, 1);
    }
    EXPECT_GT(right, 9750) << name;
  }
}

TEST(MakeLearner, RefusesBadOptionsOfBoosting) {
  const auto source = make_generator(Json{{"generator", "sea"}});
  for (const Json& bad :
       {Json{{"learner", "online-smooth-boost"}, {"gamma", 1.0}},
        Json{{"learner", "oaue"}, {"window_size", 0}}, Json{{"learner", "linear"}, {"rate", 0}},
        Json{{"learner", "oza-boost"}, {"members", 0}}})
    EXPECT_THROW(make_learner(bad, {source->schema(), 0, 1}), UsageError) << bad;
}

}  // namespace
}  // namespace conclave::stream
