/// The pictures of one question as tiles, with a note of what became of each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/media/picture_input.h"

namespace conclave {

struct PictureNote {
  std::filesystem::path file;
  std::vector<ResizeRecord> resized;  ///< one, or one a frame
  std::vector<double> seconds;        ///< of the frames of a video or animated picture; empty for a still one
  double duration = 0;                ///< of the whole video, in seconds
};

struct PictureSet {
  at::Tensor tiles_N3SS;  ///< float; [0,3,S,S] without pictures
  std::vector<PictureNote> notes;
};

/// Videos and animated pictures give at most `frames` frames each, evenly spaced; 0: as many as fit into
/// `most_tiles` beside the still pictures, shared alike. Throws DataError that names the file.
PictureSet load_picture_set(const std::vector<std::filesystem::path>& files,
                            const PictureInputConfig& picture, int64_t frames, int64_t most_tiles);

/// Tells whether two sets are the same files as they are now: places, sizes and times of change. Throws
/// DataError for a missing file.
std::string picture_set_key(const std::vector<std::filesystem::path>& files);

}  // namespace conclave
