#include "framework/media/midi_roll.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int kDivision = 480, kVelocity = 80;

}  // namespace

PianoRoll roll_of(const MidiFile& midi, int frames_per_beat, const std::string& name) {
  // In units of a quarter of a frame: whole numbers, whatever the file's ticks are.
  const int64_t unit = midi.division, scale = 4 * int64_t{frames_per_beat};
  // The first frame whose hearing point is not before `at`.
  const auto frame_from = [&](int64_t at) {
    return at <= unit ? 0 : (at - unit + 4 * unit - 1) / (4 * unit);
  };
  const int64_t frames = (midi.length() * scale + 4 * unit - 1) / (4 * unit);
  if (frames > kMostFrames)
    throw DataError(name, "", fmt::format("lasts {} frames, more than {}", frames, kMostFrames));
  PianoRoll roll;
  roll.frames.resize(static_cast<size_t>(frames));
  for (const auto& note : midi.notes) {
    if (note.channel == kPercussionChannel || note.key < kLowestKey || note.key > kHighestKey) continue;
    const int64_t begin = note.start * scale,
                  end = std::max((note.start + note.length) * scale, begin + 2 * unit);
    for (int64_t f = frame_from(begin); f < std::min(frame_from(end), frames); ++f)
      roll.frames[static_cast<size_t>(f)].push_back(note.key);
  }
  for (auto& chord : roll.frames) {
    std::sort(chord.begin(), chord.end());
    chord.erase(std::unique(chord.begin(), chord.end()), chord.end());
  }
  return roll;
}

MidiFile midi_of(const PianoRoll& roll, const RollFormat& format) {
  require<UsageError>(format.frames_per_beat >= 1 && kDivision % format.frames_per_beat == 0,
                      "frames_per_beat = {}: must divide {}", format.frames_per_beat, kDivision);
  require<UsageError>(format.beats_per_minute >= 4 && format.beats_per_minute <= 1000,
                      "{} beats a minute: must be from 4 to 1000", format.beats_per_minute);
  MidiFile midi;
  midi.division = kDivision;
  midi.tempos = {{0, std::llround(60e6 / format.beats_per_minute)}};
  midi.meters = {{0, format.beats_per_bar, 4}};
  midi.programs = {{0, format.program}};
  const int64_t ticks = kDivision / format.frames_per_beat;
  std::map<int, int64_t> since;  // keys that sound, and from which frame on
  const auto end_note = [&](int key, int64_t frame) {
    midi.notes.push_back({since[key] * ticks, (frame - since[key]) * ticks, key, kVelocity, 0, 0});
    since.erase(key);
  };
  const Chord silence;
  const auto frames = std::ssize(roll.frames);
  for (int64_t f = 0; f <= frames; ++f) {
    const Chord& now = f < frames ? roll.frames[static_cast<size_t>(f)] : silence;
    const Chord& before = f > 0 ? roll.frames[static_cast<size_t>(f - 1)] : silence;
    const bool all_held = format.articulation == Articulation::held || now == before;
    for (const int key : before)
      if (!all_held || !std::binary_search(now.begin(), now.end(), key)) end_note(key, f);
    for (const int key : now) since.try_emplace(key, f);
  }
  std::sort(midi.notes.begin(), midi.notes.end(), [](const MidiNote& a, const MidiNote& b) {
    return std::tie(a.start, a.key) < std::tie(b.start, b.key);
  });
  return midi;
}

}  // namespace conclave
