/// A piece and its routing over time, as one picture.
#pragma once

#include <filesystem>

#include "framework/media/piano_roll.h"
#include "models/audio/music/music_lm.h"

namespace conclave {

/// Above the keys that sound, below them a band for each MoE layer: a row an expert (null experts last, in
/// grey), a column a frame, the darker the more weight the expert had there. In layers that spell chords the
/// notes of a frame are averaged. At most `frames` frames from the beginning. Throws Error when the file
/// cannot be written.
void draw_music_routing(const MusicLm& model, int64_t style, const PianoRoll& roll, int64_t frames,
                        const std::filesystem::path& file);

}  // namespace conclave
