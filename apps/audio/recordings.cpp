#include "apps/audio/recordings.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>

#include "framework/base/config_object.h"
#include "framework/base/file.h"
#include "framework/media/sound.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int kValidationEnd = 10;     // index of clips
constexpr int64_t kPhrasesToOne = 50;  // that validates

bool in_split(const FsddClip& clip, const std::string& split) {
  if (split == "all") return true;
  if (split == "test") return clip.in_test();
  if (clip.in_test()) return false;
  return split == "train" || (split == "validation") == (clip.index < kValidationEnd);
}

std::vector<Recording> of_folder(const fs::path& folder, int64_t sample_rate) {
  static const std::set<std::string> kEndings = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (kEndings.contains(entry.path().extension().string())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Recording> found;
  for (const auto& file : files)
    found.push_back({load_sound(file, {.sample_rate = sample_rate}).samples_N, FsddClip{file, 0, "", 0}});
  if (found.empty()) throw DataError(folder.string(), "", "holds no recordings");
  return found;
}

// The rows of one split of a table whose cells are parted by tabs; `use` says what is wrong with one, or "".
void each_row(const fs::path& table, bool validation, size_t cells_wanted,
              const std::function<std::string(const std::vector<std::string>&)>& use) {
  std::istringstream rows(read_file(table));
  int64_t number = 0;
  for (std::string row; std::getline(rows, row); ++number) {
    std::vector<std::string> cells;
    std::istringstream in(row);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    std::string wrong =
        cells.size() == cells_wanted
            ? ""
            : fmt::format("holds {} cells parted by tabs, {} are needed", cells.size(), cells_wanted);
    if (wrong.empty() && (number % kPhrasesToOne == 0) == validation) wrong = use(cells);
    if (!wrong.empty()) throw DataError(table.string(), fmt::format("line {}", number + 1), wrong);
  }
}

std::vector<std::string> blank_parted(const std::string& line) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; in >> part;) parts.push_back(part);
  return parts;
}

// "pau:0.184 dh:0.228": phones and the seconds at which they end, rising.
bool read_phones(const std::string& cell, Recording& into) {
  for (const auto& part : blank_parted(cell)) {
    const auto colon = part.find(':');
    if (colon == std::string::npos || colon == 0) return false;
    char* end = nullptr;
    const std::string number = part.substr(colon + 1);
    const double seconds = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != 0 || !(seconds >= (into.phone_ends.empty() ? 0 : into.phone_ends.back())) ||
        seconds > 3600)
      return false;
    into.phones.push_back(part.substr(0, colon));
    into.phone_ends.push_back(seconds);
  }
  return !into.phones.empty();
}

std::vector<Recording> of_phrases(const fs::path& folder, bool validation, int64_t sample_rate) {
  const fs::path table = folder / "phrases.tsv";
  std::vector<Recording> found;
  each_row(table, validation, 4, [&](const std::vector<std::string>& cells) -> std::string {
    if (cells[0].find('/') != std::string::npos) return "the file must lie beside the table";
    Recording one{load_sound(folder / cells[0], {.sample_rate = sample_rate}).samples_N,
                  FsddClip{folder / cells[0], 0, cells[1], kValidationEnd}, cells[2]};
    if (!read_phones(cells[3], one)) return "the phones must be as \"pau:0.18 dh:0.22\", with rising ends";
    found.push_back(std::move(one));
    return "";
  });
  if (found.empty()) throw DataError(table.string(), "", "holds no phrases of this split");
  return found;
}

// The folder of a source below `more`.
fs::path below(const fs::path& more, const std::string& name, const std::string& key) {
  require<UsageError>(!more.empty(), "{} = {}: give --more, the folder above it", key, name);
  require<UsageError>(fs::is_directory(more / name), "{}: no such folder", (more / name).string());
  return more / name;
}

}  // namespace

std::vector<Recording> load_recordings(const Json& source, const fs::path& data, const fs::path& more,
                                       int64_t sample_rate, const std::string& path) {
  ConfigObject c(source, path);
  const auto kind = c.one_of("kind", {"fsdd", "folder", "phrases"});
  if (kind != "fsdd") {
    const auto name = c.need<std::string>("folder");
    const bool validation =
        kind == "phrases" && c.one_of("split", {"learning", "validation"}) == "validation";
    c.finish();
    const fs::path folder = below(more, name, c.name("folder"));
    return kind == "folder" ? of_folder(folder, sample_rate) : of_phrases(folder, validation, sample_rate);
  }
  const auto split = c.one_of("split", {"train", "learning", "validation", "test", "all"});
  const auto only = c.get<std::vector<std::string>>("only", {});
  const auto without = c.get<std::vector<std::string>>("without", {});
  c.finish();
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto clips = list_fsdd(data);
  const auto speakers = fsdd_speakers(clips);
  for (const auto* names : {&only, &without})
    for (const auto& name : *names)
      require<UsageError>(has(speakers, name), "{}: \"{}\" is no speaker: there are {}", path, name,
                          fmt::join(speakers, ", "));
  std::vector<Recording> found;
  for (const auto& clip : clips)
    if (in_split(clip, split) && (only.empty() || has(only, clip.speaker)) && !has(without, clip.speaker))
      found.push_back({load_sound(clip.file, {.sample_rate = sample_rate}).samples_N, clip});
  require<UsageError>(!found.empty(), "{}: no clips are left", path);
  return found;
}

std::vector<PronouncedWord> load_words(const Json& source, const fs::path& more, const std::string& path) {
  ConfigObject c(source, path);
  c.one_of("kind", {"words"});
  const auto name = c.need<std::string>("folder");
  const bool validation = c.one_of("split", {"learning", "validation"}) == "validation";
  c.finish();
  const fs::path table = below(more, name, c.name("folder")) / "words.tsv";
  std::vector<PronouncedWord> words;
  each_row(table, validation, 2, [&](const std::vector<std::string>& cells) -> std::string {
    words.push_back({cells[0], blank_parted(cells[1])});
    return words.back().phones.empty() ? "holds no phones" : "";
  });
  if (words.empty()) throw DataError(table.string(), "", "holds no words of this split");
  return words;
}

}  // namespace conclave
