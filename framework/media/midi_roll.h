/// Between notes with times and frames on a grid.
#pragma once

#include "framework/media/midi_file.h"
#include "framework/media/piano_roll.h"

namespace conclave {

/// How frames become notes.
enum class Articulation {
  held,   ///< a key that sounds in frames on end is one note
  choral  ///< every frame is sung anew; only a chord that stays as it is is held
};

struct RollFormat {
  int frames_per_beat = 2;  ///< frames of a quarter note
  Articulation articulation = Articulation::held;
  double beats_per_minute = 100;  ///< quarter notes
  int beats_per_bar = 4;
  int program = 0;  ///< General MIDI, counted from 0
};

constexpr int64_t kMostFrames = 100000;

/// Which keys sound in each frame: those heard a quarter of the way into it, where slightly early and late
/// notes are all at their place. Notes shorter than half a frame count as long as that. Percussion and keys
/// outside the piano are left out. Throws DataError, named after `name`, for more than kMostFrames.
PianoRoll roll_of(const MidiFile& midi, int frames_per_beat, const std::string& name);

MidiFile midi_of(const PianoRoll& roll, const RollFormat& format);

}  // namespace conclave
