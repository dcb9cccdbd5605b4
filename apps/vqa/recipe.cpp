#include "apps/vqa/recipe.h"

#include <charconv>

#include "apps/vqa/recipe_limits.h"
#include "framework/base/config_object.h"
#include "framework/base/json_problem.h"

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

// The entry `name` of `parent`, for keys that may be new in an object.
Json& entry_at(Json& parent, const std::string& name, const std::string& change) {
  if (parent.is_array()) {
    size_t place = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), place);
    if (error == std::errc() && end == name.data() + name.size() && place < parent.size())
      return parent[place];
  }
  require<UsageError>(parent.is_object(), "--set {}: there is no \"{}\"", change, name);
  return parent[name];
}

}  // namespace

Json with_changes(Json recipe, const std::vector<std::string>& changes) {
  for (const auto& change : changes) {
    const auto equals = change.find('=');
    require<UsageError>(equals != std::string::npos && equals > 0, "--set {}: must be KEY=VALUE", change);
    std::string path = change.substr(0, equals), value = change.substr(equals + 1);
    Json* at = &recipe;
    for (size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
      at = &entry_at(*at, path.substr(0, dot), change);
      require<UsageError>(!at->is_null(), "--set {}: there is no \"{}\"", change, path.substr(0, dot));
    }
    check_json_depth(value, "--set " + change.substr(0, equals));
    Json parsed = Json::parse(value, nullptr, false);
    if (parsed.is_null()) {
      require<UsageError>(at->is_object(), "--set {}: only a key of an object can be removed", change);
      at->erase(path);
    } else {
      entry_at(*at, path, change) = parsed.is_discarded() ? Json(value) : parsed;
    }
  }
  return recipe;
}

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
