/// The polyphonic music sets of Boulanger-Lewandowski et al. (arXiv 1206.6392) as piano rolls.
#pragma once

#include "datasets/music_set.h"

namespace conclave {

/// `name`: "jsb" (chorales, a frame a quarter note) or "nottingham" (folk tunes with chords). `split`:
/// "train", "valid" or "test". Reads JSB_Chorales.mat or Nottingham.mat in `dir`, or in `dir`/poly. Throws
/// UsageError for other names, DataError for files that hold anything else.
MusicSet load_poly_music(const std::string& name, const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
