/// Scores as MusicXML (versions 1 to 4, partwise or timewise, unpacked), in and out, as the notes that a MIDI
/// file of them would hold: one track a part.
#pragma once

#include <string>
#include <string_view>

#include "framework/media/midi_file.h"

namespace conclave {

/// A larger file is no score; its tree takes some twenty times as much memory.
inline constexpr size_t kLargestMusicXml = size_t{32} << 20;

/// Parts, voices, chords, ties, transposing instruments, percussion, tempo, time and key signatures. Grace
/// and cue notes, ornaments and everything that is only drawn are passed over; repeats are played once.
/// Throws DataError for what is no MusicXML, for a packed score (.mxl), for more than kLargestMusicXml bytes
/// and for numbers that contradict themselves.
MidiFile read_musicxml(std::string_view bytes, const std::string& name);

/// A partwise score of version 4.0, a part for each track and channel; parts that reach over middle C on both
/// sides have two staves. Notes that overlap stand in voices of their own, what a bar line cuts is tied, and
/// accidentals follow the key signature. Throws Error for more than 100,000 bars.
std::string write_musicxml(const MidiFile& midi);

}  // namespace conclave
