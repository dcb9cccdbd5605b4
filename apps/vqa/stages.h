/// From a recipe to what is trained: sources, tokenizer, and for each stage a model and a task. Nothing is
/// written.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "apps/vqa/recipe.h"
#include "framework/media/picture_input.h"
#include "framework/text/known_words.h"
#include "framework/text/tokenizer.h"
#include "models/vlm/vlm_task.h"

namespace conclave {

struct Ingredients {
  PictureInputConfig picture;
  std::map<std::string, Ptr<VqaSource>> sources;
  Json data = Json::object();  ///< by source, for the sets on disk that are learned from: what tells one set
                               ///< from another
  Tokenizer tokenizer;
  KnownWords words;  ///< of what is taught
};

/// Opens the sources below `data`, and tokenizer and words of `begun`, a folder; without it they are learned
/// from the training mix. Throws UsageError that names the key, DataError for bad files.
Ingredients open_ingredients(const Recipe& recipe, const std::filesystem::path& data,
                             const std::filesystem::path& begun);

/// The model of a stage: fresh weights from `seed`, then those of `earlier`, where there is one. Throws
/// UsageError.
Ptr<Vlm> stage_model(const RecipeStage& stage, const Recipe& recipe, int64_t vocabulary, uint64_t seed,
                     Vlm* earlier);

struct StageTask {
  std::unique_ptr<TrainTask> task;
  VlmTask* answers = nullptr;  ///< the same, where it teaches answers
  TrainOptions options;        ///< without a folder
};
/// `model` and `ingredients` outlive the task. Throws UsageError.
StageTask stage_task(const RecipeStage& stage, Vlm& model, const Ingredients& ingredients, uint64_t seed);

/// What a stage trains and leaves, in numbers.
struct StagePlan {
  std::string name;
  int64_t steps = 0;
  int64_t parameters = 0, trained = 0;
  int64_t active_text = 0, active_picture = 0;  ///< parameters that work on one token
  int64_t checkpoint_bytes = 0;
  int64_t checkpoints = 0;  ///< kept at the same time
};
/// Builds every stage as training would, so that whatever is wrong with one is an error now.
std::vector<StagePlan> plan_stages(const Recipe& recipe, const Ingredients& ingredients, uint64_t seed);

}  // namespace conclave
