/// The folder of a training run: the recipe as it was run, the seed and what tells its data from others, the
/// tokenizer, a folder for each stage, and in the end the model.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "apps/vqa/recipe.h"
#include "apps/vqa/recipe_changes.h"
#include "apps/vqa/stages.h"

namespace conclave {

class TrainFolder {
 public:
  /// `recipe` outlives the folder.
  TrainFolder(std::filesystem::path folder, const Recipe& recipe)
      : folder_(std::move(folder)), recipe_(recipe) {}

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path stage(size_t index) const;
  /// What a stage leaves when it is done.
  std::filesystem::path stage_weights(size_t index) const { return stage(index) / "model.safetensors"; }

  /// Whether a stage holds a checkpoint. What a run leaves that ended before is no beginning.
  bool begun() const { return place().has_value(); }
  struct Place {
    size_t stage = 0;
    int64_t step = 0;
  };
  /// Where training stands: the last stage with a checkpoint or a result.
  std::optional<Place> place() const;
  /// Whether nothing is left to do in a stage: the last one goes on when it now has more steps.
  bool done(size_t index) const;

  /// What is changed against the recipe that the folder was begun with. Throws UsageError that names the keys
  /// when the run cannot go on so, and when `seed` is another.
  std::vector<RecipeChange> check(uint64_t seed) const;
  /// Throws UsageError when a data set is not the one that the folder was begun with.
  void check_data(const Ingredients& now) const;
  /// Writes recipe.json, with `changes` beside those that it tells of already, run.json with seed and data,
  /// the tokenizer and the list of words.
  void begin(const std::vector<RecipeChange>& changes, const Ingredients& ingredients, uint64_t seed) const;

 private:
  bool begun(size_t index) const;
  Json run() const;

  std::filesystem::path folder_;
  const Recipe& recipe_;
};

/// What a folder with model.safetensors lacks to be a model: config.json, tokenizer.json,
/// preprocessor_config.json and words.txt.
void write_model_files(const std::filesystem::path& folder, const Vlm& model, const Ingredients& ingredients);

}  // namespace conclave
