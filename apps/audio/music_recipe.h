/// A recipe of a model of notes: everything that makes it again, as one JSON file. docs/audio.md lists the
/// keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/train/train_options.h"
#include "models/audio/music/music_task.h"

namespace conclave {

struct MusicRecipe {
  struct Source {
    std::string set, style;
    double weight = 1;
    int64_t validated = 0;  ///< pieces of the validation split that are scored; 0: all
  };
  std::string name;
  Json source;  ///< the file as it was read
  bool half = true;
  Json model;
  std::vector<Source> sources;
  Json losses;
  std::vector<std::string> trains;  ///< parts of names of the weights that learn; empty: all
  MusicTaskOptions task;
  TrainOptions train;
};

/// Throws UsageError that names the key.
MusicRecipe parse_music_recipe(const Json& json);

/// What is trained on and validated with, of `data`, the folder of the music sets.
struct MusicData {
  std::vector<MusicShare> train, valid;
};
MusicData open_music_data(const MusicRecipe& recipe, const MusicLm& model, const std::filesystem::path& data);

}  // namespace conclave
