#include "apps/vqa/recipe_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conclave {
namespace {

using ::testing::HasSubstr;

Json recipe() {
  return Json::parse(R"({"name": "r", "vocabulary": 400, "model": {"text": {"width": 32}},
    "sources": {"a": {"kind": "llava"}},
    "stages": [{"name": "s", "mix": [{"source": "a", "weight": 2}],
                "train": {"steps": 10, "ema_decay": 0.9, "optimizer": {"groups": [{"pattern": "router"}]}}}]})");
}

// RFC 6902 patch -> the changes it makes.
std::vector<RecipeChange> changed(const char* patch) {
  return recipe_changes(recipe(), recipe().patch(Json::parse(patch)));
}

TEST(RecipeChanges, NamesKeysWithBothValues) {
  EXPECT_TRUE(recipe_changes(recipe(), recipe()).empty());
  const auto changes = changed(R"([{"op": "replace", "path": "/model/text/width", "value": 64},
                                   {"op": "add", "path": "/stages/0/train/schedule", "value": {"peak": 1e-4}}])");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].text(), "model.text.width was 32, is now 64");
  EXPECT_FALSE(changes[0].safe);
  EXPECT_EQ(changes[1].text(), "stages.0.train.schedule.peak was absent, is now 0.0001");
  EXPECT_TRUE(changes[1].safe);
  EXPECT_EQ(changes_text(changes), changes[0].text() + "; " + changes[1].text());
  EXPECT_TRUE(changed(R"([{"op": "add", "path": "/stages/0/losses", "value": []}])").empty())
      << "absent is as good as empty";
}

TEST(RecipeChanges, ManyAreCounted) {
  Json other = recipe();
  for (int i = 0; i < 9; ++i) other["model"][std::to_string(i)] = std::string(100, 'x');
  const std::string text = changes_text(recipe_changes(recipe(), other));
  EXPECT_THAT(text, HasSubstr("; and 3 more"));
  EXPECT_LT(text.size(), 1000u);
}

TEST(RecipeChanges, OnlyWhatLeavesShapesAndDataIsSafe) {
  const std::pair<const char*, bool> cases[] = {
      {R"({"op": "replace", "path": "/stages/0/train/steps", "value": 20})", true},
      {R"({"op": "add", "path": "/stages/0/train/evaluate_every", "value": 5})", true},
      {R"({"op": "add", "path": "/stages/0/train/optimizer/beta1", "value": 0.8})", true},
      {R"({"op": "add", "path": "/stages/0/train/optimizer/groups/0/lr_scale", "value": 2})", true},
      {R"({"op": "replace", "path": "/stages/0/mix/0/weight", "value": 3})", true},
      {R"({"op": "add", "path": "/stages/0/evaluate", "value": [{"source": "a"}]})", true},
      {R"({"op": "replace", "path": "/stages/0/train/ema_decay", "value": 0.99})", true},
      {R"({"op": "add", "path": "/sources/b", "value": {"kind": "nlvr"}})", true},
      {R"({"op": "add", "path": "/weights", "value": "float32"})", true},
      {R"({"op": "remove", "path": "/stages/0/train/ema_decay"})", false},
      {R"({"op": "add", "path": "/stages/0/train/optimizer/groups/0/update", "value": "muon"})", false},
      {R"({"op": "replace", "path": "/stages/0/mix/0/source", "value": "b"})", false},
      {R"({"op": "add", "path": "/stages/0/mix/-", "value": {"source": "b"}})", false},
      {R"({"op": "add", "path": "/stages/0/train_only", "value": ["connector"]})", false},
      {R"({"op": "add", "path": "/stages/0/moe", "value": false})", false},
      {R"({"op": "replace", "path": "/stages/0/name", "value": "t"})", false},
      {R"({"op": "replace", "path": "/sources/a/kind", "value": "nlvr"})", false},
      {R"({"op": "replace", "path": "/vocabulary", "value": 500})", false},
      {R"({"op": "add", "path": "/stages/-", "value": {"name": "t"}})", false}};
  for (const auto& [patch, safe] : cases) {
    const auto changes = changed(("[" + std::string(patch) + "]").c_str());
    ASSERT_EQ(changes.size(), 1u) << patch;
    EXPECT_EQ(changes[0].safe, safe) << patch;
  }
}

}  // namespace
}  // namespace conclave
