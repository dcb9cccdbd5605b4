#include "models/vlm/picture_set.h"

#include <ATen/ATen.h>

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
         at(0, "OggS");
}

}  // namespace

PictureSet load_picture_set(const std::vector<fs::path>& files, const PictureInputConfig& picture,
                            int64_t frames) {
  PictureSet set;
  std::vector<at::Tensor> tiles;
  for (const auto& file : files) {
    PictureNote note;
    note.file = file;
    const auto add = [&](PictureInput input) {
      tiles.push_back(std::move(input.pixels_N3SS));
      note.resized.push_back(std::move(input.record));
    };
    if (is_moving(file, picture.open)) {
      Frames shown = load_frames(file, frames, picture.open);
      for (const auto& frame : shown.pictures) add(prepare_picture(frame, picture));
      note.seconds = std::move(shown.seconds);
      note.duration = shown.duration;
    } else {
      add(load_picture_input(file, picture));
    }
    set.notes.push_back(std::move(note));
  }
  const int64_t size = picture.resize.size;
  set.tiles_N3SS = tiles.empty() ? at::zeros({0, 3, size, size}) : at::cat(tiles);
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
