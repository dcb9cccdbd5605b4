/// Standard MIDI files, formats 0, 1 and 2, in and out: notes, tempo, time and key signatures. Everything
/// else (controllers, text, system messages) is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

inline constexpr int kPercussionChannel = 9;
/// The velocity of forte, which MusicXML's dynamics are percents of.
inline constexpr double kForteVelocity = 90;

struct MidiNote {
  int64_t start = 0, length = 0;  ///< ticks; length is at least 1
  int key = 60;                   ///< 0..127, 60 is middle C
  int velocity = 80;              ///< 1..127
  int channel = 0;                ///< 0..15
  int track = 0;

  bool operator==(const MidiNote&) const = default;
};

struct MidiTempo {
  int64_t tick = 0;
  int64_t microseconds = 500000;  ///< a quarter note

  bool operator==(const MidiTempo&) const = default;
};

struct MidiMeter {
  int64_t tick = 0;
  int beats = 4, unit = 4;  ///< 6/8 is 6 and 8

  bool operator==(const MidiMeter&) const = default;
};

struct MidiKey {
  int64_t tick = 0;
  int fifths = 0;  ///< sharps, or less than 0 flats: -7..7
  bool minor = false;

  bool operator==(const MidiKey&) const = default;
};

struct MidiProgram {
  int channel = 0, program = 0;  ///< General MIDI, counted from 0; from the beginning

  bool operator==(const MidiProgram&) const = default;
};

struct MidiFile {
  int division = 480;             ///< ticks of a quarter note
  std::vector<MidiNote> notes;    ///< by start, then key, channel and track
  std::vector<MidiTempo> tempos;  ///< by tick; 120 quarter notes a minute before the first
  std::vector<MidiMeter> meters;  ///< by tick; 4/4 before the first
  std::vector<MidiProgram> programs;
  std::vector<MidiKey> keys;  ///< by tick; unknown before the first

  /// Ticks to the end of the last note.
  int64_t length() const;
  /// When a tick sounds, in seconds.
  double seconds(int64_t tick) const;
};

/// A larger file is no piece of music.
inline constexpr size_t kLargestMidi = size_t{64} << 20;

/// Time in frames per second (SMPTE) is read as 120 quarter notes a minute. A note that is not ended sounds
/// to the end of its track. Throws DataError for bytes that are no MIDI file, that are cut off or contradict
/// themselves, and for a tempo or meter of 0.
MidiFile read_midi(std::string_view bytes, const std::string& name);

/// One file of format 1: a track of tempos and meters, then the notes of each track. Throws Error for numbers
/// that the format cannot hold.
std::string write_midi(const MidiFile& midi);

}  // namespace conclave
