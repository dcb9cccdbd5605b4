/// The key of a piece, found from how long each pitch class sounds.
#pragma once

#include <string>

#include "framework/media/piano_roll.h"

namespace conclave {

struct MusicalKey {
  int tonic = 0;  ///< pitch class, 0 is C
  bool minor = false;

  bool operator==(const MusicalKey&) const = default;
};

/// The key whose profile correlates best with the pitch classes' shares (Krumhansl and Kessler 1982); C major
/// for silence.
MusicalKey find_key(const PianoRoll& roll);

/// "C", "F#", "Bb", with a small m behind it for minor: "am" or "Am". Throws UsageError.
MusicalKey parse_key(const std::string& name);
/// "C major", "F# minor".
std::string key_name(const MusicalKey& key);
/// Sharps of its key signature, or less than 0 flats: -5..6.
int fifths_of(const MusicalKey& key);
/// Semitones from one tonic to another, the short way: -5..6.
int semitones_between(int from, int to);

}  // namespace conclave
