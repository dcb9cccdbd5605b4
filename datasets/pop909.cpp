#include "datasets/pop909.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestText = size_t{1} << 20;

MusicalKey parse_annotation(const std::string& text) {
  const auto colon = text.find(':');
  require<UsageError>(colon != std::string::npos, "no mode");
  MusicalKey key = parse_key(text.substr(0, colon));
  const std::string mode = text.substr(colon + 1);
  require<UsageError>(mode == "maj" || mode == "min", "no mode '{}'", mode);
  key.minor = mode == "min";
  return key;
}

Pop909Song read_song(const fs::path& folder) {
  Pop909Song song;
  song.id = folder.filename().string();
  song.midi = folder / (song.id + ".mid");
  const fs::path file = folder / "key_audio.txt";
  std::istringstream in(read_file(file, kLargestText));
  double longest = 0;
  std::map<std::pair<int, bool>, double> seconds;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream words(line);
    double begin = 0, end = 0;
    std::string name;
    if (line.empty()) continue;
    try {
      require<UsageError>(static_cast<bool>(words >> begin >> end >> name) && begin >= 0 && end >= begin,
                          "not begin, end and key");
      const MusicalKey key = parse_annotation(name);
      double& total = seconds[{key.tonic, key.minor}];
      total += end - begin;
      if (total > longest) longest = total, song.key = key;
    } catch (const UsageError& e) {
      throw DataError(file.string(), fmt::format("line {}", number), e.what());
    }
    ++song.changes;
  }
  if (longest == 0) throw DataError(file.string(), "", "tells of no key");
  --song.changes;
  return song;
}

}  // namespace

std::vector<Pop909Song> load_pop909(const fs::path& dir) {
  const fs::path root = fs::is_directory(dir / "pop909") ? dir / "pop909" : dir;
  std::vector<Pop909Song> songs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root, ignored))
    if (fs::exists(entry.path() / "key_audio.txt")) songs.push_back(read_song(entry.path()));
  if (songs.empty()) throw DataError(root.string(), "", "holds no songs (001/key_audio.txt, ...)");
  std::sort(songs.begin(), songs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return songs;
}

std::vector<double> pop909_beats(const Pop909Song& song) {
  const fs::path file = song.midi.parent_path() / "beat_midi.txt";
  std::istringstream in(read_file(file, kLargestText));
  std::vector<double> beats;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    std::istringstream words(line);
    double time = 0;
    if (!(words >> time) || time < 0 || (!beats.empty() && time < beats.back()))
      throw DataError(file.string(), fmt::format("line {}", beats.size() + 1), "tells of no later time");
    beats.push_back(time);
  }
  if (beats.size() < 2) throw DataError(file.string(), "", "tells of fewer than two beats");
  return beats;
}

}  // namespace conclave
