/// What `music` and `continue` share: the model of a style, how its frames are played, and writing the
/// result.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/verb.h"
#include "framework/media/midi_roll.h"
#include "framework/media/render_midi.h"
#include "models/audio/music/make_music.h"

namespace conclave {

/// Options of both verbs.
struct MusicOptions {
  std::filesystem::path model;
  std::string style = "chorale", renderer = "any";
  std::vector<std::filesystem::path> out;
  double temperature = 1, top_p = 0.98, tempo = 0, loudness = -14;
  int64_t tries = 64, sample_rate = 44100;
  std::string chords;
  bool routing = false;

  void declare(Options& options);
  /// Checks the names of the files to be written, and of chords.
  void check() const;
  /// Whether what is asked for can be told: routing stands in JSON lines.
  void check_routing(bool json) const;
  /// Asks for the chords in free frames from `first` on, one after the other and again from the beginning.
  void wish_chords(std::vector<FrameWish>& frames, size_t first, const RollFormat& format) const;
  Sampling sampling() const { return {.temperature = temperature, .top_p = top_p}; }
};

/// A model of notes and how its music is played.
struct MusicModel {
  Ptr<MusicLm> lm;
  int64_t style = 0;
  RollFormat format;

  /// The model of options.model, or the shipped one of options.style.
  static MusicModel open(const MusicOptions& options);
};

/// Where the model sends each frame of a piece that it reads (bands_json), from its beginning.
Json music_routing(const MusicModel& model, const MidiFile& midi);

/// Whether a name is that of a MIDI file (.mid, .midi) or a score (.musicxml, .xml, .mxl).
bool is_notes_file(const std::filesystem::path& file);
/// Notes of such a file. Throws DataError.
MidiFile read_notes(const std::filesystem::path& file);

/// Writes .mid, .musicxml and sound files, each whole or not at all. Notes without a key signature get that
/// of the key that is found.
void write_music(const MidiFile& midi, const MusicOptions& options,
                 const std::vector<std::filesystem::path>& files);

}  // namespace conclave
