#include "datasets/music_set.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "datasets/json_chorales.h"
#include "datasets/poly_music.h"
#include "framework/base/error.h"

namespace conclave {

int64_t MusicSet::frames() const {
  int64_t count = 0;
  for (const auto& piece : pieces) count += std::ssize(piece.frames);
  return count;
}

const std::vector<std::string>& music_set_names() {
  static const std::vector<std::string> names = {"jsb", "nottingham", "jsb-quarter", "jsb-8th", "jsb-16th"};
  return names;
}

std::string music_set_style(const std::string& name) {
  return name == "nottingham" ? "tune" : "chorale";
}

MusicSet load_music_set(const std::string& name, const std::filesystem::path& dir, const std::string& split) {
  const auto& names = music_set_names();
  require<UsageError>(std::find(names.begin(), names.end(), name) != names.end(),
                      "no music set '{}' (allowed: {})", name, fmt::join(names, ", "));
  require<UsageError>(split == "train" || split == "valid" || split == "test",
                      "{} has no split '{}' (allowed: train, valid, test)", name, split);
  if (name == "jsb" || name == "nottingham") return load_poly_music(name, dir, split);
  return load_json_chorales(name.substr(name.find('-') + 1), dir, split);
}

}  // namespace conclave
