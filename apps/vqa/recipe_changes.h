/// How the recipe of a run that goes on differs from the one that the run was begun with.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct RecipeChange {
  std::string key;     ///< "stages.0.train.steps"
  Json before, after;  ///< null: absent
  /// Leaves the model's shapes, its data and the optimizer's state what they are: steps, rates, intervals,
  /// weights of the mix, what is evaluated.
  bool safe = false;

  /// "stages.0.train.steps was 60, is now 80".
  std::string text() const;
};

/// Key by key, in the order of the recipe.
std::vector<RecipeChange> recipe_changes(const Json& before, const Json& after);

/// Their texts in one line; of many the first ones and how many more there are.
std::string changes_text(const std::vector<RecipeChange>& changes);

}  // namespace conclave
