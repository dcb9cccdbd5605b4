/// Training of what hears and speaks: codec, classifiers, speech model.
#pragma once

#include <filesystem>

#include "apps/common/verb.h"

namespace conclave {

struct SoundFolders {
  std::filesystem::path data;   ///< of the spoken digits
  std::filesystem::path more;   ///< of further recordings, which a recipe calls by folder; may be empty
  std::filesystem::path from;   ///< of a model that the new one begins with; may be empty
  std::filesystem::path codec;  ///< whose codes a speech model learns; may be empty for other kinds
  std::filesystem::path out;
};

/// Whether a recipe's "kind" is one of those.
bool is_sound_recipe(const Json& recipe);

/// Trains as the recipe says and writes config.json and model.safetensors into `folders.out`; a stopped run
/// goes on. With `dry` only checks. Returns the exit code. Throws UsageError that names the key.
int train_sound(const Json& recipe, const SoundFolders& folders, bool dry, Invocation& call);

}  // namespace conclave
