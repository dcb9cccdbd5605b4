/// Chords by name, as lead sheets have them.
#pragma once

#include <bitset>
#include <string>

namespace conclave {

/// The pitch classes that may sound, 0 is C.
using PitchClasses = std::bitset<12>;

struct NamedChord {
  PitchClasses classes;
  int bass = -1;     ///< pitch class of the lowest note, where the name tells one ("C/E")
  double beats = 0;  ///< quarter notes that it lasts; 0: a bar
};

/// A root ("C", "F#", "Bb"), a kind behind it (nothing for major, m, dim, aug, sus2, sus4, 6, m6, 7, maj7,
/// m7, dim7, m7b5), perhaps "/" and a bass, perhaps ":" and a number of quarter notes: "Am", "G7/B", "Dm7:2".
/// Throws UsageError that lists the kinds.
NamedChord parse_chord(const std::string& name);

}  // namespace conclave
