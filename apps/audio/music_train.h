/// Training a model of notes; a stopped run goes on where it was saved.
#pragma once

#include <filesystem>

#include "apps/common/verb.h"

namespace conclave {

struct MusicTraining {
  Json recipe;
  std::filesystem::path data;  ///< folder of the music sets
  std::filesystem::path out;   ///< of the model and its checkpoints
  /// Models that it begins with: one of its own shape, or dense specialists that become its experts.
  std::vector<std::filesystem::path> from;
};

/// Leaves config.json and model.safetensors, with averaged weights where the recipe keeps an average. Throws
/// Interrupted when stopped, which saves.
int train_music(const MusicTraining& asked, Invocation& call);
/// Checks everything and says what would be trained.
int plan_music_training(const MusicTraining& asked, Invocation& call);

}  // namespace conclave
