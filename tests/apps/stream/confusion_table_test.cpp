#include "apps/stream/confusion_table.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

int64_t sum_of(const Json& told) {
  int64_t sum = 0;
  for (const Json& row : told.at("counts"))
    for (const Json& count : row) sum += count.get<int64_t>();
  return sum;
}

TEST(ConfusionTable, CountsTrueByPredicted) {
  ConfusionTable table;
  EXPECT_EQ(table.to_json({}), (Json{{"classes", Json::array()}, {"counts", Json::array()}}));
  table.add(0, 0);
  table.add(0, 2);
  table.add(0, 2);
  table.add(2, 1);
  const Json told = table.to_json({"a", "b"});
  EXPECT_EQ(told.at("classes"), Json({"a", "b", "2"})) << "a class without a name has its number";
  EXPECT_EQ(told.at("counts"), Json({{1, 0, 2}, {0, 0, 0}, {0, 1, 0}}));
  EXPECT_FALSE(told.contains("others"));
  ConfusionTable again;
  again.set_state(table.state());
  EXPECT_EQ(again.to_json({"a", "b"}), told);
  for (const Json& wrong : {Json("x"), Json({{1, 2}}), Json({{1}, {1}})})
    EXPECT_THROW(again.set_state(wrong), Error) << wrong;
}

TEST(ConfusionTable, StaysSmallHoweverManyClassesCome) {
  ConfusionTable table;
  for (int c = 0; c < 5000; ++c) table.add(c, c);
  for (int i = 0; i < 30; ++i) table.add(40, 7);
  const Json told = table.to_json({});
  EXPECT_EQ(told.at("classes").size(), 16u);
  EXPECT_EQ(told.at("classes").back(), "others");
  EXPECT_TRUE(told.at("others"));
  EXPECT_EQ(sum_of(told), 5030) << "no row is lost";
  const auto& classes = told.at("classes");
  const auto forty = std::find(classes.begin(), classes.end(), "40") - classes.begin();
  const auto seven = std::find(classes.begin(), classes.end(), "7") - classes.begin();
  ASSERT_LT(forty, 15) << "the most frequent ones are told apart";
  EXPECT_EQ(told.at("counts")[static_cast<size_t>(forty)][static_cast<size_t>(seven)], 30);
  EXPECT_LE(table.state().size(), 65u);
}

}  // namespace
}  // namespace conclave
