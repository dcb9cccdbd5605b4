#include "models/vlm/picture_set.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/frames.h"
#include "framework/media/picture_header.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Whether a file shows several pictures one after another, by its first bytes.
bool is_moving(const fs::path& file, const PictureOptions& options) {
  std::ifstream in(file, std::ios::binary);
  std::string head(16, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  const auto at = [&](size_t place, std::string_view bytes) {
    return head.compare(place, bytes.size(), bytes) == 0;
  };
  if (head.size() < 12) return false;
  if (at(0, "\x89PNG"))
    return read_picture_header(read_file(file, options.max_bytes), file.string()).animated;
  return at(0, "GIF8") || at(4, "ftyp") || at(0, "\x1a\x45\xdf\xa3") || (at(0, "RIFF") && at(8, "AVI ")) ||
         at(0, std::string_view("\0\0\1\xba", 4)) || at(0, std::string_view("\0\0\1\xb3", 4)) ||
         at(0, "OggS") || at(0, "YUV4MPEG2");
}

}  // namespace

PictureSet load_picture_set(const std::vector<fs::path>& files, const PictureInputConfig& picture,
                            int64_t frames, int64_t most_tiles) {
  PictureSet set;
  std::vector<std::vector<at::Tensor>> tiles(files.size());  // by file
  std::vector<size_t> moving;
  const auto add = [&](size_t i, PictureInput input) {
    tiles[i].push_back(std::move(input.pixels_N3SS));
    set.notes[i].resized.push_back(std::move(input.record));
  };
  int64_t taken = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    set.notes.emplace_back().file = files[i];
    if (is_moving(files[i], picture.open)) {
      moving.push_back(i);
    } else {
      add(i, load_picture_input(files[i], picture));
      taken += tiles[i].back().size(0);
    }
  }
  for (const size_t i : moving) {
    const auto count = [&](int64_t width, int64_t height) {
      if (frames > 0) return frames;
      const int64_t share = (most_tiles - taken) / static_cast<int64_t>(moving.size());
      return std::max<int64_t>(1, share / tile_count(width, height, picture.resize));
    };
    Frames shown = load_frames(files[i], count, picture.open);
    for (const auto& frame : shown.pictures) add(i, prepare_picture(frame, picture));
    set.notes[i].seconds = std::move(shown.seconds);
    set.notes[i].duration = shown.duration;
  }
  std::vector<at::Tensor> all;
  for (auto& own : tiles) all.insert(all.end(), own.begin(), own.end());
  const int64_t size = picture.resize.size;
  set.tiles_N3SS = all.empty() ? at::zeros({0, 3, size, size}) : at::cat(all);
  return set;
}

std::string picture_set_key(const std::vector<fs::path>& files) {
  std::string key;
  for (const auto& file : files) {
    std::error_code wrong;
    const auto size = fs::file_size(file, wrong);
    if (wrong) throw DataError(file.string(), "", fmt::format("cannot be read: {}", wrong.message()));
    const auto changed = fs::last_write_time(file, wrong).time_since_epoch().count();
    key += fmt::format("{}\n{}\n{}\n", fs::absolute(file).string(), size, changed);
  }
  return key;
}

}  // namespace conclave
