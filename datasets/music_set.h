/// Sets of pieces as piano rolls, by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/media/piano_roll.h"

namespace conclave {

struct MusicSet {
  std::string name, split;
  std::vector<PianoRoll> pieces;

  /// Frames of all pieces.
  int64_t frames() const;
};

/// "jsb" and "nottingham" (poly_music.h); "jsb-quarter", "jsb-8th" and "jsb-16th" (json_chorales.h).
const std::vector<std::string>& music_set_names();
/// "chorale" or "tune": the style of a set's pieces.
std::string music_set_style(const std::string& name);
/// `dir` is the folder of the music data sets; `split` is "train", "valid" or "test". Throws UsageError that
/// lists what there is, DataError for damaged files.
MusicSet load_music_set(const std::string& name, const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
