#include "framework/media/chord_name.h"

#include <fmt/ranges.h>

#include <charconv>
#include <initializer_list>
#include <vector>

#include "framework/base/error.h"
#include "framework/media/musical_key.h"

namespace conclave {
namespace {

constexpr int kOctave = 12;
constexpr double kLeastBeats = 0.125, kMostBeats = 1024;

struct ChordKind {
  const char* name;
  std::initializer_list<int> steps;  // semitones above the root
};
const ChordKind kKinds[] = {{"", {0, 4, 7}},         {"m", {0, 3, 7}},      {"dim", {0, 3, 6}},
                            {"aug", {0, 4, 8}},      {"sus2", {0, 2, 7}},   {"sus4", {0, 5, 7}},
                            {"6", {0, 4, 7, 9}},     {"m6", {0, 3, 7, 9}},  {"7", {0, 4, 7, 10}},
                            {"maj7", {0, 4, 7, 11}}, {"m7", {0, 3, 7, 10}}, {"dim7", {0, 3, 6, 9}},
                            {"m7b5", {0, 3, 6, 10}}};

// How many letters of a name are its root: "Bb" of "Bbm7".
size_t root_length(const std::string& name) {
  return name.size() > 1 && (name[1] == '#' || name[1] == 'b') ? 2 : std::min<size_t>(name.size(), 1);
}

double parse_beats(const std::string& text, const std::string& name) {
  double beats = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), beats);
  require<UsageError>(failure == std::errc() && end == text.data() + text.size() && beats >= kLeastBeats &&
                          beats <= kMostBeats,
                      "chord '{}': behind ':' stands how many quarter notes it lasts, from {} to {}", name,
                      kLeastBeats, kMostBeats);
  return beats;
}

}  // namespace

NamedChord parse_chord(const std::string& name) {
  NamedChord chord;
  std::string rest = name;
  if (const size_t colon = rest.find(':'); colon != std::string::npos) {
    chord.beats = parse_beats(rest.substr(colon + 1), name);
    rest.resize(colon);
  }
  if (const size_t slash = rest.find('/'); slash != std::string::npos) {
    const std::string bass = rest.substr(slash + 1);
    require<UsageError>(!bass.empty() && root_length(bass) == bass.size(), "chord '{}': '{}' is no bass note",
                        name, bass);
    chord.bass = parse_key(bass).tonic;
    rest.resize(slash);
  }
  const size_t root = root_length(rest);
  const int tonic = parse_key(rest.substr(0, root)).tonic;
  const std::string kind = rest.substr(root);
  std::vector<std::string> names;
  for (const auto& known : kKinds) {
    if (kind == known.name) {
      for (const int step : known.steps) chord.classes.set(static_cast<size_t>((tonic + step) % kOctave));
      if (chord.bass >= 0) chord.classes.set(static_cast<size_t>(chord.bass));
      return chord;
    }
    names.emplace_back(known.name);
  }
  throw UsageError(fmt::format("chord '{}': '{}' is no kind of chord (allowed: nothing for major{})", name,
                               kind, fmt::join(names, ", ")));
}

}  // namespace conclave
