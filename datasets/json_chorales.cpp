#include "datasets/json_chorales.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/json.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

Chord read_chord(const Json& json, const std::string& file, const std::string& where) {
  if (!json.is_array()) throw DataError(file, where, "is no chord: a list of MIDI numbers is expected");
  Chord chord;
  for (const auto& note : json) {
    if (!note.is_number()) throw DataError(file, where, fmt::format("{} is no MIDI number", note.dump()));
    const auto key = note.get<double>();
    if (key == -1) continue;
    if (!(key >= kLowestKey && key <= kHighestKey) || key != static_cast<int>(key))
      throw DataError(file, where, fmt::format("{} is no key of a piano", note.dump()));
    chord.push_back(static_cast<int>(key));
  }
  std::sort(chord.begin(), chord.end());
  chord.erase(std::unique(chord.begin(), chord.end()), chord.end());  // voices in unison
  return chord;
}

}  // namespace

MusicSet load_json_chorales(const std::string& resolution, const fs::path& dir, const std::string& split) {
  const std::string name = fmt::format("jsb-chorales-{}.json", resolution);
  fs::path path = dir / name;
  if (!fs::exists(path)) path = dir / "jsb-chorales" / name;
  const std::string file = path.string();
  const Json json = read_json(path, size_t{64} << 20);
  if (!json.is_object() || !json.contains(split) || !json[split].is_array() || json[split].empty())
    throw DataError(file, "", fmt::format("has no pieces under '{}'", split));
  MusicSet set{"jsb-" + resolution, split, {}};
  for (const auto& piece : json[split]) {
    const std::string where = fmt::format("{} {}", split, set.pieces.size());
    if (!piece.is_array()) throw DataError(file, where, "is no list of chords");
    PianoRoll roll;
    for (const auto& chord : piece)
      roll.frames.push_back(read_chord(chord, file, fmt::format("{}, frame {}", where, roll.frames.size())));
    set.pieces.push_back(std::move(roll));
  }
  return set;
}

}  // namespace conclave
