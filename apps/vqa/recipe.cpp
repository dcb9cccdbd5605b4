#include "apps/vqa/recipe.h"

#include "apps/vqa/recipe_limits.h"
#include "framework/base/config_object.h"

namespace conclave {
namespace {

const Json& list_at(ConfigObject& c, const char* key) {
  const Json& list = c.part(key);
  require<UsageError>(list.is_array() || (list.is_object() && list.empty()), "{} must be a list",
                      c.name(key));
  return list;
}

std::vector<MixEntry> parse_mix(ConfigObject& stage, const char* key, const Recipe& recipe) {
  std::vector<MixEntry> mix;
  for (const auto& item : list_at(stage, key)) {
    ConfigObject c(item, stage.name(key) + "[" + std::to_string(mix.size()) + "]");
    MixEntry entry;
    entry.source = c.need<std::string>("source");
    require<UsageError>(recipe.sources.contains(entry.source),
                        "{} = \"{}\" is not among the recipe's sources", c.name("source"), entry.source);
    entry.weight = c.get("weight", entry.weight);
    require<UsageError>(entry.weight > 0, "{} = {}: must be above 0", c.name("weight"), entry.weight);
    entry.pictures = c.get_integer("pictures", entry.pictures, 1);
    entry.questions = c.get_integer("questions", entry.questions, 1);
    c.finish();
    mix.push_back(entry);
  }
  return mix;
}

RecipeStage parse_stage(const Json& json, size_t number, const Recipe& recipe) {
  ConfigObject c(json, "stages[" + std::to_string(number) + "]");
  RecipeStage stage;
  stage.name = c.need<std::string>("name");
  require<UsageError>(!stage.name.empty() && stage.name.find('/') == std::string::npos,
                      "{} = \"{}\": a folder's name", c.name("name"), stage.name);
  stage.perception = c.one_of("kind", {"answers", "perception"}) == "perception";
  stage.moe = c.get("moe", true);
  stage.train_only = c.get("train_only", stage.train_only);
  stage.mix = parse_mix(c, "mix", recipe);
  require<UsageError>(stage.perception || !stage.mix.empty(), "{} is empty", c.name("mix"));
  stage.evaluate = parse_mix(c, "evaluate", recipe);
  stage.losses = list_at(c, "losses");
  stage.train = parse_train_options(c.part("train"), c.name("train"));
  c.finish();
  return stage;
}

}  // namespace

Recipe parse_recipe(const Json& json) {
  ConfigObject c(json, "recipe");
  Recipe recipe;
  recipe.source = json;
  recipe.source.erase("changes");  // what a run's folder tells of its past
  c.part("changes");
  check_recipe_limits(recipe.source);
  recipe.name = c.need<std::string>("name");
  recipe.vocabulary = c.get_integer("vocabulary", recipe.vocabulary, 300);
  recipe.half = c.one_of("weights", {"bfloat16", "float32"}) == "bfloat16";
  recipe.picture = c.part("picture");
  recipe.model = c.part("model");
  for (const auto& [name, source] : c.part("sources").items()) recipe.sources[name] = source;
  for (const auto& stage : list_at(c, "stages"))
    recipe.stages.push_back(parse_stage(stage, recipe.stages.size(), recipe));
  require<UsageError>(!recipe.stages.empty(), "{} is empty", c.name("stages"));
  c.finish();
  return recipe;
}

}  // namespace conclave
