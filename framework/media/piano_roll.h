/// Notes on a grid of time: which keys sound in each frame.
#pragma once

#include <vector>

namespace conclave {

constexpr int kLowestKey = 21, kHighestKey = 108;         ///< MIDI numbers of a piano's ends
constexpr int kPianoKeys = kHighestKey - kLowestKey + 1;  ///< 88

/// The MIDI numbers of the keys that sound in one frame, each once, from low to high.
using Chord = std::vector<int>;

struct PianoRoll {
  std::vector<Chord> frames;
};

/// The same music `semitones` higher; false when a key would leave the piano, and the roll is then unchanged.
bool transpose(PianoRoll& roll, int semitones);

}  // namespace conclave
