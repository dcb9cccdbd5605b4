/// The chorales as JSON: lists of chords by split, at a quarter, an eighth or a sixteenth note a frame.
#pragma once

#include "datasets/music_set.h"

namespace conclave {

/// `resolution`: "quarter", "8th" or "16th". Reads jsb-chorales-<resolution>.json in `dir`, or in
/// `dir`/jsb-chorales. Rests may be written as -1. Throws DataError that names the piece.
MusicSet load_json_chorales(const std::string& resolution, const std::filesystem::path& dir,
                            const std::string& split);

}  // namespace conclave
