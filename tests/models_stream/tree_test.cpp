// The tree's parts against plain formulas, and the tree as a whole.
#include <gtest/gtest.h>

#include <numbers>

#include "models/stream/base/fast_math.h"
#include "models/stream/generators/generator.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {
namespace {

Schema small_schema(int numeric, std::vector<int> nominal, int classes) {
  Schema schema;
  for (int i = 0; i < numeric; ++i) schema.inputs.push_back(Attribute::numeric("n"));
  for (const int values : nominal) schema.inputs.push_back(Attribute::counted("v", values));
  schema.label = Attribute::counted("class", classes);
  return schema;
}

TEST(FastMath, IsCloseToTheLibrary) {
  for (double x = -699; x < 699; x += 0.37) EXPECT_NEAR(fast_exp(x) / std::exp(x), 1, 1e-9) << x;
  EXPECT_EQ(fast_exp(-1e9), 0);
  EXPECT_EQ(fast_exp(-std::numeric_limits<double>::infinity()), 0);
  for (double x = 1e-300; x < 1e300; x *= 1.7) EXPECT_NEAR(fast_log(x), std::log(x), 1e-10) << x;
  EXPECT_EQ(fast_log(1.0), 0);
  EXPECT_EQ(x_log_x(0.0), 0);
}

TEST(FastMath, IsCloseInSinglePrecision) {
  for (float x = -79; x < 79; x += 0.37f) EXPECT_NEAR(fast_exp(x) / std::exp(x), 1, 1e-5) << x;
  for (float x = 1e-30f; x < 1e30f; x *= 1.7f) EXPECT_NEAR(fast_log(x), std::log(x), 1e-5) << x;
  for (float z = -9; z < 9; z += 0.01f)
    EXPECT_NEAR(normal_cdf(z), 0.5 * std::erfc(-z / std::sqrt(2.0)), 2e-6) << z;
}

struct Rows {
  std::vector<std::vector<double>> x;
  std::vector<int> y;
};

Rows draw_rows(const Schema& schema, int count, double missing, uint64_t seed) {
  Random random(seed);
  Rows rows;
  for (int i = 0; i < count; ++i) {
    const int label = static_cast<int>(random.below(static_cast<uint64_t>(schema.classes())));
    std::vector<double> x;
    for (const auto& input : schema.inputs) {
      double value =
          input.nominal ? static_cast<double>(random.below(input.values.size())) : random.normal() + label;
      if (random.chance(missing)) value = kMissing;
      x.push_back(value);
    }
    rows.x.push_back(x);
    rows.y.push_back(label);
  }
  return rows;
}

// Naive Bayes as written in the books, from all rows.
std::vector<double> bayes(const Schema& schema, const Rows& rows, const std::vector<double>& at) {
  std::vector<double> scores;
  for (int c = 0; c < schema.classes(); ++c) {
    double prior = 0;
    for (const int y : rows.y) prior += y == c;
    double score = std::log(prior);
    for (size_t j = 0; j < schema.inputs.size(); ++j) {
      if (std::isnan(at[j])) continue;
      double n = 0, mean = 0, squares = 0, same = 0;
      for (size_t i = 0; i < rows.x.size(); ++i)
        if (const double v = rows.x[i][j]; rows.y[i] == c && !std::isnan(v))
          n += 1, mean += v, same += v == at[j];
      mean /= n;
      for (size_t i = 0; i < rows.x.size(); ++i)
        if (const double v = rows.x[i][j]; rows.y[i] == c && !std::isnan(v))
          squares += (v - mean) * (v - mean);
      const double variance = squares / (n - 1);
      if (schema.inputs[j].nominal)
        score += std::log((same + 1) / (n + static_cast<double>(schema.inputs[j].values.size())));
      else
        score += -0.5 * std::log(2 * std::numbers::pi * variance) -
                 (at[j] - mean) * (at[j] - mean) / (2 * variance);
    }
    scores.push_back(score);
  }
  return scores;
}

TEST(LeafStats, ScoresAsNaiveBayesDoes) {
  for (const double missing : {0.0, 0.2}) {
    const Schema schema = small_schema(11, {2, 5, 3, 2, 2, 7, 2, 2, 2, 3}, 4);
    const Rows rows = draw_rows(schema, 400, missing, 7);
    LeafStats stats(Observed::all(schema), 4);
    std::vector<double> prior(4, 0.0), scores(4);
    for (size_t i = 0; i < rows.x.size(); ++i) {
      stats.add(rows.x[i].data(), rows.y[i], 1);
      prior[rows.y[i]] += 1;
    }
    for (int i = 0; i < 20; ++i) {
      const auto wanted = bayes(schema, rows, rows.x[i]);
      stats.log_scores(rows.x[i].data(), prior.data(), scores.data());
      // Both are defined up to a term that all classes share.
      for (int c = 0; c < 4; ++c)
        EXPECT_NEAR(scores[c] - scores[0], wanted[c] - wanted[0], 1e-7) << missing << " " << i;
    }
  }
}

TEST(LeafStats, AConstantAttributeDecidesAlone) {
  const Schema schema = small_schema(1, {}, 2);
  LeafStats stats(Observed::all(schema), 2);
  for (int i = 0; i < 10; ++i) {
    const double zero = 0, varied = i;
    stats.add(&zero, 0, 1);
    stats.add(&varied, 1, 1);
  }
  const std::vector<double> prior = {10, 10};
  std::vector<double> scores(2);
  const double far = 3;
  stats.log_scores(&far, prior.data(), scores.data());
  EXPECT_EQ(arg_max(scores.data(), 2), 1);
  const double point = 0;
  stats.log_scores(&point, prior.data(), scores.data());
  EXPECT_TRUE(std::isfinite(scores[0]));
}

TEST(LeafStats, GrowsItsClassesWithoutLosingSums) {
  const Schema schema = small_schema(3, {2, 3}, 2);
  const Rows rows = draw_rows(small_schema(3, {2, 3}, 2), 60, 0.1, 3);
  LeafStats grown(Observed::all(schema), 2), wide(Observed::all(schema), 5);
  for (size_t i = 0; i < rows.x.size(); ++i) {
    grown.add(rows.x[i].data(), rows.y[i], 1);
    wide.add(rows.x[i].data(), rows.y[i], 1);
  }
  grown.grow_classes(5);
  grown.add(rows.x[0].data(), 4, 2);
  wide.add(rows.x[0].data(), 4, 2);
  const std::vector<double> prior = {30, 30, 0, 0, 2};
  std::vector<double> a(5), b(5);
  grown.log_scores(rows.x[9].data(), prior.data(), a.data());
  wide.log_scores(rows.x[9].data(), prior.data(), b.data());
  EXPECT_EQ(a, b);
}

TEST(Split, EntropyAndGainByHand) {
  const double even[] = {2, 2}, pure[] = {3, 0}, three[] = {1, 1, 2};
  EXPECT_NEAR(entropy(even, 2), 1, 1e-6);
  EXPECT_NEAR(entropy(pure, 2), 0, 1e-6);
  EXPECT_NEAR(entropy(three, 3), 1.5, 1e-6);
  // A nominal attribute that tells the class, another that does not.
  const Schema schema = small_schema(0, {2, 2}, 2);
  LeafStats stats(Observed::all(schema), 2);
  for (int i = 0; i < 40; ++i) {
    const double x[] = {static_cast<double>(i % 2), static_cast<double>(i / 2 % 2)};
    stats.add(x, i % 2, 1);
  }
  const double classes[] = {20, 20};
  const auto found = best_splits(stats, classes, true, false, 10);
  EXPECT_EQ(found.best.attribute, 0);
  EXPECT_NEAR(found.best.merit, 1, 1e-6);
  EXPECT_NEAR(found.second.merit, 0, 1e-6);
  const auto branches = branch_classes(stats, found.best);
  ASSERT_EQ(branches.size(), 2u);
  EXPECT_EQ(branches[0], (std::vector<double>{20, 0}));
}

TEST(Split, FindsTheThresholdBetweenTwoNormals) {
  const Schema schema = small_schema(2, {}, 2);
  LeafStats stats(Observed::all(schema), 2);
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    const double x[] = {random.normal(), random.normal() + 6 * (i % 2)};
    stats.add(x, i % 2, 1);
  }
  const double classes[] = {1000, 1000};
  const auto found = best_splits(stats, classes, true, false, 10);
  EXPECT_EQ(found.best.attribute, 1);
  EXPECT_EQ(found.best.kind, SplitKind::at_most);
  EXPECT_NEAR(found.best.value, 3, 0.8);
  EXPECT_GT(found.best.merit, 0.9);
  EXPECT_LT(found.second.merit, 0.05);
}

double accuracy_of(HoeffdingTree& tree, Generator& generator, int rows) {
  std::vector<double> x(generator.schema().width()), votes(generator.schema().classes());
  int right = 0;
  for (int i = 0; i < rows; ++i) {
    const int label = static_cast<int>(generator.next(x.data()));
    tree.test_then_train(x.data(), label, 1, votes.data());
    right += arg_max(votes.data(), static_cast<int>(votes.size())) == label;
  }
  return static_cast<double>(right) / rows;
}

TEST(HoeffdingTree, LearnsNominalConcepts) {
  for (int function = 1; function <= 3; ++function) {
    const auto generator = make_generator("stagger", {.function = function});
    HoeffdingTree tree(generator->schema(), {});
    accuracy_of(tree, *generator, 3000);
    EXPECT_GT(accuracy_of(tree, *generator, 1000), 0.99) << function;
  }
}

TEST(HoeffdingTree, LearnsThresholds) {
  const auto generator = make_generator("agrawal", {.perturbation = 0});
  HoeffdingTree tree(generator->schema(), {});
  accuracy_of(tree, *generator, 20000);
  EXPECT_GT(accuracy_of(tree, *generator, 5000), 0.97);
  EXPECT_GE(tree.depth(), 2);
}

TEST(HoeffdingTree, VotesDoNotDependOnHowItIsAsked) {
  const auto generator = make_generator("led", {});
  HoeffdingTree fused(generator->schema(), {.grace_period = 50}),
      apart(generator->schema(), {.grace_period = 50});
  std::vector<double> x(24), a(10), b(10);
  for (int i = 0; i < 5000; ++i) {
    const int label = static_cast<int>(generator->next(x.data()));
    fused.test_then_train(x.data(), label, 1, a.data());
    apart.votes(x.data(), b.data());
    apart.learn(x.data(), label);
    ASSERT_EQ(a, b) << i;
  }
}

TEST(HoeffdingTree, KeepsToItsMemory) {
  const auto generator = make_generator("random-tree", {.depth = 8});
  const size_t limit = 200'000;
  HoeffdingTree tree(generator->schema(), {.grace_period = 50, .split_confidence = 0.1, .max_bytes = limit});
  double before = accuracy_of(tree, *generator, 20000);
  for (int i = 0; i < 10; ++i) {
    before = accuracy_of(tree, *generator, 10000);
    EXPECT_LT(tree.bytes(), limit * 3 / 2);
  }
  EXPECT_GT(before, 0.7);
}

// Also when the bones of the tree take up all there is: then it stays as it is.
TEST(HoeffdingTree, StopsGrowingAtItsMemory) {
  const auto generator = make_generator("random-tree", {.depth = 8});
  const size_t limit = 60'000;
  HoeffdingTree tree(generator->schema(),
                     {.grace_period = 20, .split_confidence = 0.5, .tie_threshold = 0.5, .max_bytes = limit});
  size_t most = 0;
  for (int i = 0; i < 20; ++i) {
    accuracy_of(tree, *generator, 5000);
    most = std::max(most, tree.bytes());
  }
  EXPECT_LT(most, limit);
  const size_t nodes = tree.view().nodes.size();
  accuracy_of(tree, *generator, 20000);
  EXPECT_LE(tree.view().nodes.size(), nodes + nodes / 20);
}

TEST(HoeffdingTree, GoesOnAfterLoadingAsIfNothingHadHappened) {
  const auto generator = make_generator("random-tree", {.classes = 3});
  const TreeOptions options{.grace_period = 100, .split_confidence = 1e-3, .subspace = 4};
  HoeffdingTree tree(generator->schema(), options, 11), again(generator->schema(), options, 11);
  accuracy_of(tree, *generator, 8000);
  Archive save;
  save(tree);
  Archive load(save.bytes(), "test");
  load(again);
  EXPECT_TRUE(load.done());
  std::vector<double> x(10), a(3), b(3);
  for (int i = 0; i < 8000; ++i) {
    const int label = static_cast<int>(generator->next(x.data()));
    tree.test_then_train(x.data(), label, 1, a.data());
    again.test_then_train(x.data(), label, 1, b.data());
    ASSERT_EQ(a, b) << i;
  }
  EXPECT_EQ(tree.leaves(), again.leaves());
}

TEST(HoeffdingTree, RefusesWhatWasNeverSaved) {
  const auto generator = make_generator("sea", {});
  HoeffdingTree tree(generator->schema(), {.grace_period = 50});
  accuracy_of(tree, *generator, 3000);
  Archive save;
  save(tree);
  for (size_t cut = 0; cut < save.bytes().size(); cut += 97) {
    HoeffdingTree again(generator->schema(), {});
    Archive load(std::string_view(save.bytes()).substr(0, cut), "test");
    EXPECT_THROW(load(again), DataError) << cut;
  }
}

TEST(HoeffdingTree, TakesMissingAndUnseenValues) {
  const Schema schema = small_schema(2, {3}, 3);
  const Rows rows = draw_rows(schema, 3000, 0.3, 9);
  HoeffdingTree tree(schema, {.grace_period = 50});
  std::vector<double> votes(3);
  int right = 0;
  for (size_t i = 0; i < rows.x.size(); ++i) {
    auto x = rows.x[i];
    if (i % 10 == 0) x[2] = 17;
    tree.test_then_train(x.data(), rows.y[i], 1, votes.data());
    right += arg_max(votes.data(), 3) == rows.y[i];
  }
  EXPECT_GT(right, 1500);
}

}  // namespace
}  // namespace conclave::stream
