#include "datasets/fsdd.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

FsddClip clip_of(const fs::path& file) {
  const std::string name = file.stem().string();
  const size_t first = name.find('_'), last = name.rfind('_');
  FsddClip clip{file, 0, "", 0};
  const auto whole = [](std::string_view text, int& value) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    return wrong == std::errc() && end == text.data() + text.size();
  };
  const bool fits = first == 1 && last > first + 1 &&
                    whole(std::string_view(name).substr(0, 1), clip.digit) &&
                    whole(std::string_view(name).substr(last + 1), clip.index) && clip.index >= 0;
  if (!fits) throw DataError(file.string(), "", "the name is not {digit}_{speaker}_{index}.wav");
  clip.speaker = name.substr(first + 1, last - first - 1);
  return clip;
}

}  // namespace

std::vector<FsddClip> list_fsdd(const fs::path& data) {
  for (const auto& folder : {data / "speech" / "fsdd", data / "fsdd", data}) {
    if (!fs::is_directory(folder)) continue;
    std::vector<FsddClip> clips;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".wav") clips.push_back(clip_of(entry.path()));
    if (clips.empty()) continue;
    std::sort(clips.begin(), clips.end(), [](const FsddClip& a, const FsddClip& b) {
      return std::tie(a.speaker, a.digit, a.index) < std::tie(b.speaker, b.digit, b.index);
    });
    return clips;
  }
  throw DataError(data.string(), "",
                  "holds no spoken digits: {digit}_{speaker}_{index}.wav, in it or in fsdd/");
}

std::vector<std::string> fsdd_speakers(const std::vector<FsddClip>& clips) {
  std::vector<std::string> names;
  for (const auto& clip : clips) names.push_back(clip.speaker);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace conclave
