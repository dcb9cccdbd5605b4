/// POP909 (arXiv 2008.07142): popular songs as MIDI with annotated keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/media/musical_key.h"

namespace conclave {

struct Pop909Song {
  std::string id;  ///< "001"
  std::filesystem::path midi;
  MusicalKey key;       ///< the one that is annotated for the longest time
  int64_t changes = 0;  ///< of key
};

/// All songs in `dir`, or in `dir`/pop909, by number: <id>/<id>.mid and <id>/key_audio.txt (begin, end in
/// seconds, "Gb:maj"). Throws DataError that names file and line.
std::vector<Pop909Song> load_pop909(const std::filesystem::path& dir);
/// Annotated beats of a song in seconds of its MIDI file (beat_midi.txt, a time first in each line). Throws
/// DataError.
std::vector<double> pop909_beats(const Pop909Song& song);

}  // namespace conclave
