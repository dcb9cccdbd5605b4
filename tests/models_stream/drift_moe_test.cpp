// DriftMoE and the layers of its router.
#include "models/stream/driftmoe/drift_moe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "models/stream/driftmoe/router.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/neural/dense_layer.h"

namespace conclave::stream {
namespace {

std::vector<float> normal(Random& random, int n) {
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

// y of a layer whose weights are read by asking for unit vectors.
TEST(DenseLayer, IsAMatrixWithABias) {
  Random random(1);
  for (const auto& [in, out] : {std::pair(3, 5), std::pair(300, 41), std::pair(7, 64)}) {
    DenseLayer layer(in, out);
    layer.draw_normal(random, 1);
    std::vector<float> zero(in, 0.0f), y(layer.padded()), wanted(layer.padded()), one(layer.padded());
    const auto x = normal(random, in);
    layer.step_row(x.data(), std::vector<float>(layer.padded(), 0.1f).data(), 0.01f);  // a bias
    layer.forward(zero.data(), wanted.data());
    const auto bias = wanted;
    for (int i = 0; i < in; ++i) {
      std::vector<float> unit(in, 0.0f);
      unit[i] = 1;
      layer.forward(unit.data(), one.data());
      for (int o = 0; o < out; ++o) wanted[o] += x[i] * (one[o] - bias[o]);
    }
    layer.forward(x.data(), y.data());
    for (int o = 0; o < out; ++o) EXPECT_NEAR(y[o], wanted[o], 1e-3) << in << " " << o;
    EXPECT_NE(bias[0], 0);
    // backward() against differences of sum of dy * y.
    std::vector<float> dy = normal(random, layer.padded()), dx(in);
    for (int o = out; o < layer.padded(); ++o) dy[o] = 0;
    layer.backward(dy.data(), dx.data());
    for (int i = 0; i < std::min(in, 5); ++i) {
      auto moved = x;
      moved[i] += 1;
      layer.forward(moved.data(), one.data());
      double slope = 0;
      for (int o = 0; o < out; ++o) slope += dy[o] * (one[o] - y[o]);
      EXPECT_NEAR(dx[i], slope, 1e-3);
    }
  }
}

TEST(DenseLayer, StepsAsAdamDoes) {
  Random random(2);
  DenseLayer batch(4, 3), row(4, 3);
  const auto x = normal(random, 4);
  std::vector<float> dy = {0.5f, -0.25f, 1, 0, 0, 0, 0, 0}, y(8), other(8);
  double weight = 0, first = 0, second = 0;  // of x[0] to the first output
  for (int n = 1; n <= 5; ++n) {
    batch.gather(x.data(), dy.data());
    batch.gather(x.data(), dy.data());
    batch.step(0.5f, adam_rate(0.01, n));
    row.step_row(x.data(), dy.data(), adam_rate(0.01, n));
    const double g = double{x[0]} * dy[0];
    first = 0.9 * first + 0.1 * g;
    second = 0.999 * second + 0.001 * g * g;
    weight -= 0.01 * (first / (1 - std::pow(0.9, n))) / (std::sqrt(second / (1 - std::pow(0.999, n))) + 1e-8);
  }
  const float unit[] = {1, 0, 0, 0}, zero[] = {0, 0, 0, 0};
  batch.forward(unit, y.data());
  batch.forward(zero, other.data());
  EXPECT_NEAR(y[0] - other[0], weight, 1e-5);
  batch.forward(x.data(), y.data());
  row.forward(x.data(), other.data());
  for (int o = 0; o < 8; ++o) EXPECT_NEAR(y[o], other[o], 1e-6);
  EXPECT_EQ(y[3], 0);
  row.grow_outputs(11);
  std::vector<float> wide(16);
  row.forward(x.data(), wide.data());
  for (int o = 0; o < 11; ++o) EXPECT_EQ(wide[o], o < 3 ? other[o] : 0) << o;
}

TEST(Router, LearnsWhoIsRightWhere) {
  Router router(2, 2, 3, 0.002, 0.2, 7);
  Random random(3);
  const auto row = [&](float* z, float* mask) {  // expert 0 is right where z > 0, 1 elsewhere, 2 never
    z[0] = static_cast<float>(random.normal());
    z[1] = static_cast<float>(random.normal());
    mask[0] = z[0] > 0;
    mask[1] = z[0] <= 0;
    mask[2] = 0;
  };
  std::vector<float> z(64 * 2), mask(64 * 3), logits(3);
  for (int step = 0; step < 100; ++step) {
    for (int t = 0; t < 64; ++t) row(z.data() + 2 * t, mask.data() + 3 * t);
    router.train(z.data(), mask.data(), 64);
  }
  for (int t = 0; t < 200; ++t) {
    row(z.data(), mask.data());
    if (std::fabs(z[0]) < 0.2) continue;
    router.logits(z.data(), logits.data());
    EXPECT_EQ(logits[0] > logits[1], mask[0] > mask[1]);
    EXPECT_LT(logits[2], -1);
  }
  // What is dropped depends on the step alone.
  std::vector<float> dropped(3), again(3);
  router.logits(z.data(), logits.data());
  router.logits(z.data(), dropped.data(), true);
  router.logits(z.data(), again.data(), true);
  EXPECT_EQ(dropped, again);
  EXPECT_NE(dropped, logits);
  router.train_last(z.data(), mask.data());
  router.logits(z.data(), again.data(), true);
  EXPECT_NE(dropped, again);
}

double accuracy_of(Json config, const Json& stream, int64_t rows, LearnerPtr* made = nullptr) {
  const auto source = make_generator(stream);
  config["learner"] = "drift-moe";
  auto learner = make_learner(config, {source->schema(), 1, 1});
  RunOptions options;
  options.rows = rows;
  RunState state;
  run_prequential(*source, *learner, options, state);
  if (made) *made = std::move(learner);
  return state.evaluation.cumulative().accuracy;
}

const Json kDrifting = {{"generator", "stagger"}, {"function", {1, 2, 3}}, {"positions", {6000, 12000}}};

TEST(DriftMoe, ReplacesExpertsOnlyWhenRepaired) {
  LearnerPtr published, repaired;
  const double before = accuracy_of({}, kDrifting, 18000, &published);
  const double after = accuracy_of({{"repaired", true}}, kDrifting, 18000, &repaired);
  EXPECT_GT(after, 0.95);
  EXPECT_GT(after, before + 0.01);
  EXPECT_FALSE(repaired->take_events().empty());
  EXPECT_TRUE(published->take_events().empty());
  EXPECT_EQ(published->describe().at("router_steps"), 18000 / 256);
}

TEST(DriftMoe, TrainsTheTopKAlone) {
  LearnerPtr learner;
  accuracy_of({{"experts", 6}, {"top_k", 2}}, {{"generator", "sea"}}, 2000, &learner);
  int64_t rows = 0;
  const Json parts = learner->describe();
  for (const Json& expert : parts.at("experts")) rows += expert.at("rows").get<int64_t>();
  EXPECT_EQ(rows, 2 * 2000);
  EXPECT_EQ(learner->take_use().rows, 2000);
}

TEST(DriftMoe, TaskVariantAsPublishedDoesNotAskItsTrees) {
  const Json stream = {{"generator", "rbf"}};
  const Json tiny = {{"variant", "task"}, {"grace_period", 1000000}}, usual = {{"variant", "task"}};
  EXPECT_EQ(accuracy_of(tiny, stream, 3000), accuracy_of(usual, stream, 3000));
  EXPECT_GT(accuracy_of(usual, stream, 3000), 0.6);
}

TEST(DriftMoe, KeepsToItsMemory) {
  LearnerPtr learner;
  accuracy_of({{"memory", 100000}, {"grace_period", 20}, {"split_confidence", 0.1}}, {{"generator", "rbf"}},
              20000, &learner);
  const size_t router = 40844 * 4 * 4 + 256 * 64;
  EXPECT_LT(learner->bytes(), 12 * 130000 + router + 500000);
}

TEST(DriftMoe, RefusesWhatMakesNoSense) {
  const auto source = make_generator(Json{{"generator", "sea"}});
  const LearnerContext context{source->schema(), 0, 1};
  for (const Json& bad : {Json{{"top_k", 13}}, Json{{"experts", 0}}, Json{{"variant", "both"}},
                          Json{{"variant", "task"}, {"dropout", 1.0}}, Json{{"rate", 0}},
                          Json{{"variant", "task"}, {"experts", 4}}}) {
    Json config = bad;
    config["learner"] = "drift-moe";
    EXPECT_THROW(make_learner(config, context), UsageError) << bad;
  }
}

}  // namespace
}  // namespace conclave::stream
