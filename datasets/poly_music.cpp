#include "datasets/poly_music.h"

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/matlab_file.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFile = size_t{64} << 20;

PianoRoll read_roll(const MatlabArray& array, const std::string& file, const std::string& where) {
  if (array.shape.size() != 2 || array.shape[1] != kPianoKeys || array.numbers.empty())
    throw DataError(file, where, "is no piano roll: [frames, 88] is expected");
  const auto frames = static_cast<size_t>(array.shape[0]);
  PianoRoll roll;
  roll.frames.resize(frames);
  for (size_t key = 0; key < kPianoKeys; ++key) {
    for (size_t t = 0; t < frames; ++t) {
      const double value = array.numbers[key * frames + t];
      if (value != 0 && value != 1)
        throw DataError(file, where, fmt::format("frame {} has {}, neither 0 nor 1", t, value));
      if (value == 1) roll.frames[t].push_back(kLowestKey + static_cast<int>(key));
    }
  }
  return roll;
}

}  // namespace

MusicSet load_poly_music(const std::string& name, const fs::path& dir, const std::string& split) {
  require<UsageError>(name == "jsb" || name == "nottingham", "no music set '{}' (allowed: jsb, nottingham)",
                      name);
  require<UsageError>(split == "train" || split == "valid" || split == "test",
                      "{} has no split '{}' (allowed: train, valid, test)", name, split);
  const char* file = name == "jsb" ? "JSB_Chorales.mat" : "Nottingham.mat";
  fs::path path = dir / file;
  if (!fs::exists(path)) path = dir / "poly" / file;
  for (const auto& variable : read_matlab(read_file(path, kLargestFile), path.string())) {
    if (variable.name != split + "data") continue;
    MusicSet set{name, split, {}};
    for (size_t i = 0; i < variable.cells.size(); ++i)
      set.pieces.push_back(
          read_roll(variable.cells[i], path.string(), fmt::format("{} {}", variable.name, i)));
    if (set.pieces.empty()) throw DataError(path.string(), variable.name, "holds no pieces");
    return set;
  }
  throw DataError(path.string(), "", fmt::format("has no variable '{}data'", split));
}

}  // namespace conclave
