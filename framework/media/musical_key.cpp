#include "framework/media/musical_key.h"

#include <array>
#include <cctype>
#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int kClasses = 12;
constexpr std::array<const char*, kClasses> kNames = {"C",  "C#", "D",  "Eb", "E",  "F",
                                                      "F#", "G",  "Ab", "A",  "Bb", "B"};
using Profile = std::array<double, kClasses>;
constexpr Profile kMajor = {6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88};
constexpr Profile kMinor = {6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17};

double correlation(const Profile& a, const Profile& b, int tonic) {
  double mean_a = 0, mean_b = 0;
  for (size_t i = 0; i < kClasses; ++i) mean_a += a[i] / kClasses, mean_b += b[i] / kClasses;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < kClasses; ++i) {
    const double x = a[(i + static_cast<size_t>(tonic)) % kClasses] - mean_a, y = b[i] - mean_b;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

MusicalKey find_key(const PianoRoll& roll) {
  Profile share{};
  for (const auto& chord : roll.frames)
    for (const int key : chord) share[static_cast<size_t>(key % kClasses)] += 1;
  MusicalKey best;
  double most = 0;
  for (int tonic = 0; tonic < kClasses; ++tonic) {
    for (const bool minor : {false, true}) {
      const double found = correlation(share, minor ? kMinor : kMajor, tonic);
      if (found > most) most = found, best = {tonic, minor};
    }
  }
  return best;
}

MusicalKey parse_key(const std::string& name) {
  constexpr std::array<int, 7> kLetters = {9, 11, 0, 2, 4, 5, 7};  // A to G
  const auto fault = [&] {
    return UsageError(
        fmt::format("no key '{}': a letter from A to G, # or b, and m for minor: C, F#, Bbm", name));
  };
  if (name.empty()) throw fault();
  const int letter = std::toupper(static_cast<unsigned char>(name[0])) - 'A';
  if (letter < 0 || letter > 6) throw fault();
  MusicalKey key{kLetters[static_cast<size_t>(letter)], false};
  size_t at = 1;
  if (at < name.size() && (name[at] == '#' || name[at] == 'b'))
    key.tonic += name[at++] == '#' ? 1 : kClasses - 1;
  key.tonic %= kClasses;
  if (at < name.size() && name[at] == 'm') key.minor = true, ++at;
  if (at != name.size()) throw fault();
  return key;
}

std::string key_name(const MusicalKey& key) {
  return fmt::format("{} {}", kNames[static_cast<size_t>(key.tonic)], key.minor ? "minor" : "major");
}

int fifths_of(const MusicalKey& key) {
  const int major = key.tonic + (key.minor ? 3 : 0);  // the relative one, which has the same signature
  return (7 * major + 5) % kClasses - 5;
}

int semitones_between(int from, int to) {
  const int up = ((to - from) % kClasses + kClasses) % kClasses;
  return up > kClasses / 2 ? up - kClasses : up;
}

}  // namespace conclave
