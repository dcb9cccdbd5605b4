#include "models/stream/tree/show_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

using ::testing::HasSubstr;

TEST(ShowTree, NamesConditionsClassesAndWhatMatters) {
  const auto generator = make_generator("stagger", {.function = 3});  // medium or large
  const Schema& schema = generator->schema();
  HoeffdingTree tree(schema, {.grace_period = 50});
  EXPECT_EQ(tree_text(tree, schema), "nothing yet\n");
  EXPECT_EQ(importance({&tree}, schema), (std::vector<double>{0, 0, 0}));
  std::vector<double> x(3), votes(2);
  for (int i = 0; i < 2000; ++i) {
    const int label = static_cast<int>(generator->next(x.data()));
    tree.test_then_train(x.data(), label, 1, votes.data());
  }
  const auto text = tree_text(tree, schema);
  EXPECT_THAT(text, HasSubstr("size = small: false (100.0 % of"));
  EXPECT_THAT(text, HasSubstr("size = large: true"));
  EXPECT_EQ(importance({&tree}, schema), (std::vector<double>{1, 0, 0}));
  const auto dot = tree_dot(tree, schema);
  EXPECT_THAT(dot, HasSubstr("n0 -> n1 [label=\"size = small\"]"));
  EXPECT_EQ(dot.substr(dot.size() - 2), "}\n");
}

}  // namespace
}  // namespace conclave::stream
