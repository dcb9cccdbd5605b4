#include "apps/ultrasound/reader_recipe.h"

#include "framework/base/config_object.h"

namespace conclave {

ReaderRecipe parse_reader_recipe(const Json& json) {
  ConfigObject config(json, "recipe");
  ReaderRecipe recipe;
  recipe.name = config.need<std::string>("name");
  recipe.source = json;
  recipe.sets = config.need<std::vector<std::string>>("sets");
  recipe.other_sets = config.get("other_sets", recipe.other_sets);
  recipe.model = config.part("model");
  const auto model = ultrasound::parse_model_config(recipe.model);
  ConfigObject augment(config.part("augment"), "augment");
  for (const auto& task : model.tasks)
    recipe.augment.push_back(ultrasound::parse_augment(augment.part(task.name), "augment." + task.name));
  augment.finish();
  recipe.losses = ultrasound::parse_reader_losses(config.part("losses"), "losses");
  recipe.train = parse_train_options(config.part("train"));
  recipe.half = config.get("half", recipe.half);
  recipe.looks = ultrasound::parse_looks(config.part("looks"), "looks");
  config.finish();
  return recipe;
}

}  // namespace conclave
