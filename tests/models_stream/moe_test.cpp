// The adaptive mixture's parts against plain formulas, and its life as a whole.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/moe/adaptive_moe.h"
#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

TEST(InputScaler, ScalesNumbersAndSpreadsValues) {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::counted("b", 2), Attribute::counted("c", 3)};
  InputScaler scaler(schema);
  EXPECT_EQ(scaler.used(), 5);
  EXPECT_EQ(scaler.width(), 8);
  Random random(1);
  std::vector<float> z(8);
  for (int i = 0; i < 5000; ++i) {
    const double x[] = {10 + 3 * random.normal(), 0, 0};
    scaler.learn(x);
  }
  const double x[] = {13, 1, 2};
  scaler.encode(x, z.data());
  EXPECT_NEAR(z[0], 1, 0.1);
  EXPECT_EQ((std::vector<float>(z.begin() + 1, z.end())), (std::vector<float>{1, 0, 0, 1, 0, 0, 0}));
  const double odd[] = {1e9, kMissing, kMissing};
  scaler.encode(odd, z.data());
  EXPECT_EQ(z, (std::vector<float>{4, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Kernels, AgreeWithPlainLoops) {
  Random random(2);
  std::vector<float> a(24), b(24), sums(24, 0.5f);
  for (size_t i = 0; i < 24; ++i)
    a[i] = static_cast<float>(random.normal()), b[i] = static_cast<float>(random.normal());
  double product = 0, square = 0;
  for (size_t i = 0; i < 24; ++i)
    product += double{a[i]} * b[i], square += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  EXPECT_NEAR(dot(a.data(), b.data(), 24), product, 1e-5);
  EXPECT_NEAR(squared_distance(a.data(), b.data(), 24), square, 1e-4);
  const auto before = a;
  adagrad_step(a.data(), sums.data(), b.data(), 0.3f, 0.1f, 0.9f, 24);
  for (size_t i = 0; i < 24; ++i) {
    const double g = 0.3 * b[i];
    EXPECT_NEAR(a[i], before[i] - 0.1 * g / std::sqrt(0.9 * 0.5 + g * g), 1e-5);
  }
}

// The k nearest by sorting all.
TEST(NearestExpert, FindsTheNearestOfItsWindow) {
  const int used = 3, window = 50, k = 7;
  const auto expert = make_nearest_expert(used, 4, window, k);
  Random random(3);
  std::vector<std::pair<std::vector<float>, int>> rows;
  std::vector<double> votes(4);
  for (int i = 0; i < 200; ++i) {
    std::vector<float> z(8, 0.0f);
    for (int d = 0; d < used; ++d) z[d] = static_cast<float>(random.normal());
    const int label = static_cast<int>(random.below(4));
    expert->test_then_train({nullptr, z.data()}, label, 1, votes.data());
    std::vector<std::pair<double, int>> near;
    for (const auto& [other, c] : rows) near.emplace_back(squared_distance(z.data(), other.data(), 8), c);
    std::sort(near.begin(), near.end());
    near.resize(std::min<size_t>(near.size(), k));
    std::vector<double> wanted(4, 0.0);
    double sum = 0;
    for (const auto& [distance, c] : near)
      wanted[c] += 1 / (distance + 1e-3 * used), sum += 1 / (distance + 1e-3 * used);
    for (int c = 0; c < 4 && sum > 0; ++c) EXPECT_NEAR(votes[c], wanted[c] / sum, 1e-4) << i;
    rows.emplace_back(z, label);
    if (rows.size() > window) rows.erase(rows.begin());
  }
}

// Accuracy over the last half of `rows` rows with label (a > b), some of them wrong.
double accuracy_on_a_line(Expert& expert, int rows, double wrong) {
  Random random(4);
  double votes[2];
  int right = 0;
  for (int i = 0; i < rows; ++i) {
    std::vector<float> z(8, 0.0f);
    for (int d = 0; d < 2; ++d) z[d] = static_cast<float>(random.normal());
    const int label = z[0] > z[1];
    expert.test_then_train({nullptr, z.data()}, random.chance(wrong) ? 1 - label : label, 1, votes);
    if (i >= rows / 2) right += (votes[1] > votes[0]) == (label == 1);
  }
  return 2.0 * right / rows;
}

TEST(LinearExpert, FindsALineAmongWrongLabels) {
  EXPECT_GT(accuracy_on_a_line(*make_linear_expert(8, 2, 0.1, 1e6, true), 20000, 0.1), 0.985);
}

TEST(NeuralExpert, FindsALineAmongWrongLabels) {
  EXPECT_GT(accuracy_on_a_line(*make_neural_expert(8, 2, 16, 0.003, 1), 20000, 0.1), 0.97);
}

TEST(MixRouter, MixesAsTheFormulaSays) {
  MixRouter router({.rate = 0.005, .gate_rate = 0, .floor = 0.02}, 8, 1);
  router.add_expert(0.5);
  router.add_expert(1.5);
  const double votes[] = {0.7, 0.2, 0.1, 0.1, 0.8, 0.1};
  const std::vector<float> z(8, 0.0f);
  double mixed[3], weights[2];
  router.mix(votes, z.data(), 3, mixed, weights);
  double wanted[3], sum = 0;
  for (int c = 0; c < 3; ++c) {
    wanted[c] = std::pow(0.98 * votes[c] + 0.02 / 3, 0.5) * std::pow(0.98 * votes[3 + c] + 0.02 / 3, 1.5);
    sum += wanted[c];
  }
  for (int c = 0; c < 3; ++c)
    EXPECT_NEAR(mixed[c], 0.99 * wanted[c] / sum + 0.01 / 3, 1e-9);  // noise begins at 0.01
  EXPECT_EQ(weights[1], 1.5);
  // Without the first expert the second alone would speak.
  const double alone = std::pow(0.98 * 0.8 + 0.02 / 3, 1.5) /
                       (std::pow(0.98 * 0.8 + 0.02 / 3, 1.5) + 2 * std::pow(0.98 * 0.1 + 0.02 / 3, 1.5));
  EXPECT_NEAR(router.worth(0, 1), -std::log(alone) + std::log(wanted[1] / sum), 1e-9);
}

TEST(MixRouter, LearnsWhomToBelieveWhere) {
  // Expert 0 is right where z > 0, expert 1 where z < 0, expert 2 never.
  MixRouter router({.rate = 0.005, .gate_rate = 0.01}, 8, 1);
  for (int e = 0; e < 3; ++e) router.add_expert(0.3);
  Random random(5);
  int right = 0;
  for (int i = 0; i < 8000; ++i) {
    std::vector<float> z(8, 0.0f);
    z[0] = random.chance(0.5) ? 1.0f : -1.0f;
    const int label = static_cast<int>(random.below(2)), guess = static_cast<int>(random.below(2));
    double votes[6], mixed[2], weights[3];
    for (int e = 0; e < 3; ++e) {
      const int said = e == 2 ? 1 - label : (e == 0) == (z[0] > 0) ? label : guess;
      votes[2 * e] = said == 0 ? 0.9 : 0.1;
      votes[2 * e + 1] = 1 - votes[2 * e];
    }
    router.mix(votes, z.data(), 2, mixed, weights);
    if (i >= 6000) {
      right += (mixed[1] > mixed[0]) == (label == 1);
      EXPECT_GT(weights[z[0] > 0 ? 0 : 1], weights[z[0] > 0 ? 1 : 0]);
    }
    router.learn(z.data(), label);
  }
  EXPECT_EQ(right, 2000);
}

TEST(AdaptiveMoe, ReplacesExpertsOnDriftAndRestsIdleOnes) {
  const auto source =
      make_generator(Json{{"generator", "stagger"}, {"function", {1, 2, 3}}, {"positions", {10000, 20000}}});
  const auto moe = make_learner({{"learner", "moe"}}, {source->schema(), 1, 2});
  RunState state;
  RunOptions options;
  options.rows = 30000;
  run_prequential(*source, *moe, options, state);
  EXPECT_GT(state.evaluation.cumulative().accuracy, 0.98);
  EXPECT_FALSE(moe->take_events().empty());
  EXPECT_TRUE(moe->take_events().empty());
  const Json experts = moe->describe().at("experts");
  bool rested = false;
  for (const Json& expert : experts) rested |= expert.at("kind") == "nearest" && expert.at("resting") == true;
  EXPECT_TRUE(rested) << experts.dump();
}

}  // namespace
}  // namespace conclave::stream
