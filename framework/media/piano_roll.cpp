#include "framework/media/piano_roll.h"

namespace conclave {

bool transpose(PianoRoll& roll, int semitones) {
  for (const auto& chord : roll.frames) {
    if (chord.empty()) continue;
    if (chord.front() + semitones < kLowestKey || chord.back() + semitones > kHighestKey) return false;
  }
  for (auto& chord : roll.frames)
    for (int& key : chord) key += semitones;
  return true;
}

}  // namespace conclave
