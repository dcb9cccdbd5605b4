#include "apps/audio/recordings.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
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

std::vector<Recording> of_phrases(const fs::path& folder, bool validation, int64_t sample_rate) {
  const fs::path table = folder / "phrases.tsv";
  std::istringstream rows(read_file(table));
  std::vector<Recording> found;
  int64_t number = 0;
  for (std::string row; std::getline(rows, row); ++number) {
    std::vector<std::string> cells;
    std::istringstream in(row);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    if (cells.size() < 3 || cells.size() > 4 || cells[0].find('/') != std::string::npos)
      throw DataError(table.string(), fmt::format("line {}", number + 1),
                      "holds no file, voice and text, parted by tabs");
    if ((number % kPhrasesToOne == 0) != validation) continue;
    found.push_back({load_sound(folder / cells[0], {.sample_rate = sample_rate}).samples_N,
                     FsddClip{folder / cells[0], 0, cells[1], kValidationEnd}, cells[2],
                     cells.size() > 3 ? cells[3] : ""});
  }
  if (found.empty()) throw DataError(table.string(), "", "holds no phrases of this split");
  return found;
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
    require<UsageError>(!more.empty(), "{} = {}: give --more, the folder above it", c.name("folder"), name);
    require<UsageError>(fs::is_directory(more / name), "{}: no such folder", (more / name).string());
    return kind == "folder" ? of_folder(more / name, sample_rate)
                            : of_phrases(more / name, validation, sample_rate);
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

}  // namespace conclave
