#include "apps/vqa/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/common/json_changes.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/picture_input.h"
#include "framework/moe/loss.h"
#include "models/vlm/routing_variant.h"
#include "models/vlm/vlm.h"

namespace conclave {
namespace {

Json good() {
  return Json::parse(R"({"name": "r", "vocabulary": 400, "weights": "float32",
    "picture": {"size": 16}, "model": {"max_tiles": 1},
    "sources": {"quiz": {"kind": "easy-vqa"}, "scenes": {"kind": "scenes", "seed": 3}},
    "stages": [
      {"name": "see", "kind": "perception", "train": {"steps": 10}},
      {"name": "answer", "moe": false, "train_only": ["connector"],
       "mix": [{"source": "quiz", "weight": 2, "pictures": 8, "questions": 4}, {"source": "scenes"}],
       "evaluate": [{"source": "quiz", "weight": 20}],
       "losses": [{"kind": "modality_balance", "weight": 0.01}], "train": {"steps": 20}}]})");
}

TEST(Recipe, ReadsEveryKey) {
  const Recipe recipe = parse_recipe(good());
  EXPECT_EQ(recipe.name, "r");
  EXPECT_EQ(recipe.vocabulary, 400);
  EXPECT_FALSE(recipe.half);
  EXPECT_EQ(recipe.sources.at("scenes")["seed"], 3);
  ASSERT_EQ(recipe.stages.size(), 2u);
  EXPECT_TRUE(recipe.stages[0].perception);
  EXPECT_TRUE(recipe.stages[0].moe);
  EXPECT_EQ(recipe.stages[0].train.steps, 10);
  const RecipeStage& stage = recipe.stages[1];
  EXPECT_FALSE(stage.moe);
  EXPECT_EQ(stage.train_only, std::vector<std::string>{"connector"});
  ASSERT_EQ(stage.mix.size(), 2u);
  EXPECT_EQ(stage.mix[0].weight, 2);
  EXPECT_EQ(stage.mix[0].pictures, 8);
  EXPECT_EQ(stage.mix[0].questions, 4);
  EXPECT_EQ(stage.mix[1].source, "scenes");
  EXPECT_EQ(stage.mix[1].weight, 1);
  EXPECT_EQ(stage.evaluate[0].weight, 20);
  EXPECT_EQ(stage.losses.size(), 1u);
}

// A change of the good recipe, and what the error must say.
struct Mistake {
  const char* what;
  const char* patch;  // RFC 6902
  const char* says;
};

class RecipeMistakes : public ::testing::TestWithParam<Mistake> {};

TEST(Recipe, KeysCanBeChanged) {
  Json recipe = good();
  recipe["model"]["text"] = {{"width", 128}};
  recipe["extra"] = {{"gone", 1}, {"kept", 2}};
  const Json changed = with_changes(
      recipe, {"model.text.width=192", "stages.1.name=late", "extra.gone=null", "extra.fresh=[1, 2]"});
  EXPECT_EQ(changed["model"]["text"]["width"], 192);
  EXPECT_EQ(changed["stages"][1]["name"], "late");
  EXPECT_EQ(changed["stages"][0], recipe["stages"][0]);
  EXPECT_EQ(changed["extra"], Json({{"kept", 2}, {"fresh", {1, 2}}}));
  for (const char* bad :
       {"width", "=3", "stages.9.name=x", "stages.one.name=x", "no.such.key=1", "name.of=1"})
    EXPECT_THROW(with_changes(recipe, {bad}), UsageError) << bad;
}

TEST(Recipe, LargeOnesWithinTheLimitsAreTaken) {
  const Json recipe = good().patch(Json::parse(
      R"([{"op": "replace", "path": "/stages/1/mix/0/pictures", "value": 4096},
          {"op": "add", "path": "/stages/0/train/seed", "value": 9007199254740993},
          {"op": "replace", "path": "/sources/scenes/seed", "value": 9007199254740993},
          {"op": "add", "path": "/model/text", "value": {"width": 1024, "layers": 24, "ffn": {"hidden": 4096}}}])"));
  EXPECT_NO_THROW(parse_recipe(recipe));
}

TEST_P(RecipeMistakes, AreNamed) {
  const Json recipe = good().patch(Json::parse(GetParam().patch));
  try {
    parse_recipe(recipe);
    FAIL() << "was taken";
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr(GetParam().says));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RecipeMistakes,
    ::testing::Values(
        Mistake{"unknown_key", R"([{"op": "add", "path": "/colour", "value": 1}])", "colour"},
        Mistake{"unknown_stage_key", R"([{"op": "add", "path": "/stages/1/speed", "value": 1}])",
                "stages[1].speed"},
        Mistake{"no_name", R"([{"op": "remove", "path": "/name"}])", "name"},
        Mistake{"no_stages", R"([{"op": "replace", "path": "/stages", "value": []}])", "stages"},
        Mistake{"stages_no_list", R"([{"op": "replace", "path": "/stages", "value": 3}])", "stages"},
        Mistake{"small_vocabulary", R"([{"op": "replace", "path": "/vocabulary", "value": 200}])",
                "vocabulary"},
        Mistake{"weights", R"([{"op": "replace", "path": "/weights", "value": "int8"}])", "weights"},
        Mistake{"unknown_source", R"([{"op": "replace", "path": "/stages/1/mix/0/source", "value": "x"}])",
                "stages[1].mix[0].source"},
        Mistake{"no_weight", R"([{"op": "replace", "path": "/stages/1/mix/0/weight", "value": 0}])",
                "stages[1].mix[0].weight"},
        Mistake{"no_pictures", R"([{"op": "replace", "path": "/stages/1/mix/0/pictures", "value": 0}])",
                "stages[1].mix[0].pictures"},
        Mistake{"empty_mix", R"([{"op": "replace", "path": "/stages/1/mix", "value": []}])", "stages[1].mix"},
        Mistake{"kind", R"([{"op": "replace", "path": "/stages/0/kind", "value": "smell"}])",
                "stages[0].kind"},
        Mistake{"folder", R"([{"op": "replace", "path": "/stages/0/name", "value": "a/b"}])",
                "stages[0].name"},
        Mistake{"huge_pictures",
                R"([{"op": "replace", "path": "/stages/1/mix/0/pictures", "value": 1000000000}])",
                "stages[1].mix[0].pictures = 1000000000: the limit is 4096"},
        Mistake{"huge_questions",
                R"([{"op": "add", "path": "/stages/1/evaluate/0/questions", "value": 5000}])",
                "stages[1].evaluate[0].questions = 5000: the limit is 4096"},
        Mistake{"many_questions",
                R"([{"op": "replace", "path": "/stages/1/mix/0/questions", "value": 4096},
                    {"op": "replace", "path": "/stages/1/mix/0/pictures", "value": 17}])",
                "69632 questions in a micro-batch, the limit is 65536"},
        Mistake{"huge_micro_batch",
                R"([{"op": "replace", "path": "/picture/size", "value": 1024},
                    {"op": "replace", "path": "/model/max_tiles", "value": 64},
                    {"op": "replace", "path": "/stages/1/mix/0/pictures", "value": 512}])",
                "stages[1].mix[0]: 512 pictures of up to 64 tiles of 1024 x 1024"},
        Mistake{"huge_batch", R"([{"op": "add", "path": "/stages/0/train/batch", "value": 1000000000}])",
                "stages[0].train.batch = 1000000000: the limit is 4096"},
        Mistake{"huge_steps", R"([{"op": "replace", "path": "/stages/0/train/steps", "value": 2000000000}])",
                "stages[0].train.steps = 2000000000: the limit is 1000000000"},
        Mistake{"huge_keep", R"([{"op": "add", "path": "/stages/0/train/keep_last", "value": 4294967297}])",
                "stages[0].train.keep_last = 4294967297: the limit is 1000000"},
        Mistake{"huge_vocabulary", R"([{"op": "replace", "path": "/vocabulary", "value": 1000000000}])",
                "vocabulary = 1000000000: the limit is 1048576"},
        Mistake{"huge_tiles", R"([{"op": "replace", "path": "/model/max_tiles", "value": 100000}])",
                "model.max_tiles = 100000: the limit is 1024"},
        Mistake{"huge_width", R"([{"op": "add", "path": "/model/vision", "value": {"widths": [8, 100000]}}])",
                "model.vision.widths[1] = 100000: the limit is 16384"},
        Mistake{"huge_model",
                R"([{"op": "add", "path": "/model/text",
                     "value": {"width": 16384, "layers": 256, "heads": 4}}])",
                "billion weights, the limit is 1 billion"},
        Mistake{"train_key", R"([{"op": "add", "path": "/stages/0/train/stepz", "value": 1}])",
                "stages[0].train.stepz"}),
    [](const auto& info) { return std::string(info.param.what); });

// A recipe's models as train makes them, dense stages and all.
void expect_builds(const Json& json) {
  const Recipe recipe = parse_recipe(json);
  PictureInputConfig::from_json(recipe.picture, "recipe.picture");
  for (const auto& loss : recipe.stages.back().losses) EXPECT_NO_THROW(make_loss(loss));
  for (const bool moe : {true, false}) {
    Json config = recipe.model;
    config["architectures"] = {"ConclaveVlm"};
    config["vocab_size"] = recipe.vocabulary;
    if (!moe) {
      config["text"].erase("moe");
      config["text"].erase("moe_layers");
    }
    EXPECT_NO_THROW(make_vlm(config));
  }
}

TEST(Recipe, ShippedOnesBuild) {
  for (const auto& entry : std::filesystem::directory_iterator(CONCLAVE_SOURCE_DIR "/assets/recipes")) {
    SCOPED_TRACE(entry.path());
    if (entry.path().filename().string().starts_with("vqa")) expect_builds(read_json(entry.path()));
  }
}

TEST(Recipe, TheExampleInTheDocumentationBuilds) {
  const std::string page = read_file(CONCLAVE_SOURCE_DIR "/docs/vlm.md");
  const auto begin = page.find("```json\n{\"name\""), end = page.find("```", begin + 3);
  ASSERT_NE(begin, page.npos);
  expect_builds(parse_json(page.substr(begin + 8, end - begin - 8), "docs/vlm.md"));
}

TEST(Recipe, TheDocumentationNamesEveryRoutingVariant) {
  const std::string page = read_file(CONCLAVE_SOURCE_DIR "/docs/vlm.md");
  for (const auto& name : routing_variant_names())
    EXPECT_THAT(page, ::testing::HasSubstr("\n| `" + name + "` |"));
}

}  // namespace
}  // namespace conclave
