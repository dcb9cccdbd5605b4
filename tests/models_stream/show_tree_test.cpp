#include "models/stream/tree/show_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "models/stream/generators/generator.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {
namespace {

using ::testing::HasSubstr;

TEST(ShowTree, NamesConditionsClassesAndWhatMatters) {
  const auto generator = make_generator("stagger", {.function = 3});  // medium or large
  const Schema& schema = generator->schema();
  HoeffdingTree tree(schema, {.grace_period = 50});
  EXPECT_EQ(tree_text(tree.view(), schema), "nothing yet\n");
  EXPECT_EQ(importance({tree.view()}, schema), (std::vector<double>{0, 0, 0}));
  std::vector<double> x(3), votes(2);
  for (int i = 0; i < 2000; ++i) {
    const int label = static_cast<int>(generator->next(x.data()));
    tree.test_then_train(x.data(), label, 1, votes.data());
  }
  const auto text = tree_text(tree.view(), schema);
  EXPECT_THAT(text, HasSubstr("size = small: false (100.0 % of"));
  EXPECT_THAT(text, HasSubstr("size = large: true"));
  EXPECT_EQ(importance({tree.view()}, schema), (std::vector<double>{1, 0, 0}));
  const auto dot = tree_dot(tree.view(), schema);
  EXPECT_THAT(dot, HasSubstr("n0 -> n1 [label=\"size = small\"]"));
  EXPECT_EQ(dot.substr(dot.size() - 2), "}\n");
  const Json json = tree_json(tree.view(), schema, 100);
  EXPECT_EQ(json.at("split"), "size");
  EXPECT_EQ(json.at("then")[0].at("if"), "size = small");
  EXPECT_THAT(json.at("then")[0].at("leaf").get<std::string>(), HasSubstr("false (100.0 % of"));
  EXPECT_EQ(tree_json(tree.view(), schema, 1),
            (Json{{"split", "size"}, {"left_out", tree.view().nodes.size() - 1}}));
}

TEST(ShowTree, OfEveryLearnerThatHasTrees) {
  for (const auto& [name, trees] : std::vector<std::pair<std::string, size_t>>{
           {"hoeffding-adaptive-tree", 1}, {"efdt", 1}, {"arf", 10}, {"oza-boost", 10}, {"sgbt", 100}}) {
    const auto generator = make_generator("stagger", {.function = 3});
    const Schema& schema = generator->schema();
    const auto learner = make_learner({{"learner", name}}, {schema, 1, 1});
    std::vector<double> x(3);
    for (int i = 0; i < 5000; ++i) {
      const double label = generator->next(x.data());
      learner->learn_target(x.data(), label, 1);
    }
    const auto views = learner->trees();
    EXPECT_EQ(views.size(), trees) << name;
    const auto shares = importance(views, schema);
    EXPECT_GT(shares[0], 0.8) << name;  // the size alone matters, where a tree may look at it
    // A tree may have been given other attributes only.
    EXPECT_TRUE(std::any_of(views.begin(), views.end(), [&](const TreeView& view) {
      return tree_text(view, schema).find("size = ") != std::string::npos;
    })) << name;
    EXPECT_THAT(tree_dot(views[0], schema), HasSubstr("n0 -> n1")) << name;
  }
}

TEST(ShowTree, LeavesOfNumbersSayTheirMeans) {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::numeric("b")};
  schema.label = Attribute::numeric("y");
  const auto learner = make_learner({{"learner", "fimt-dd"}}, {schema, 1, 1});
  EXPECT_EQ(tree_text(learner->trees()[0], schema), "0\n");
  Random random(1);
  for (int i = 0; i < 5000; ++i) {
    const double x[] = {random.uniform(), random.uniform()};
    learner->learn_target(x, x[0] > 0.5 ? 7 : 3, 1);
  }
  const auto trees = learner->trees();
  const auto text = tree_text(trees[0], schema);
  EXPECT_THAT(text, HasSubstr("a <= 0.5"));
  EXPECT_THAT(text, HasSubstr(": 7 (mean of "));
  EXPECT_THAT(text, HasSubstr(": 3 (mean of "));
  EXPECT_GT(importance(trees, schema)[0], 0.99);
}

}  // namespace
}  // namespace conclave::stream
