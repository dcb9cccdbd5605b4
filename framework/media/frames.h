/// Frames out of videos and animated pictures.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/media/picture.h"

namespace conclave {

struct Frames {
  std::vector<at::Tensor> pictures;  ///< uint8 [H,W,3] each
  std::vector<double> seconds;       ///< when each is shown, from the beginning
  double duration = 0;               ///< of the whole file, in seconds
  std::vector<int64_t> numbers;      ///< of the frames in the file, from 0
  int64_t count = 0;                 ///< frames that the file has
  double rate = 0;                   ///< frames a second, on average
};

/// How many frames are wanted of a video whose pictures have this size.
using FrameCount = std::function<int64_t(int64_t width, int64_t height)>;

/// `count` frames evenly spaced in time: those shown at (i + 1/2) / count of the duration, each at most once,
/// so fewer when the file has fewer. GIF, APNG, MP4, MOV, Matroska, WebM, AVI, MPEG, Ogg, Y4M. Throws
/// DataError for a file without video, a broken one, or one whose frames have more than options.max_pixels
/// pixels.
Frames load_frames(const std::filesystem::path& path, int64_t count, const PictureOptions& options = {});
Frames load_frames(const std::filesystem::path& path, const FrameCount& count,
                   const PictureOptions& options = {});

/// Which frames are wanted of a file that has `count`, shown at `rate` a second: ascending numbers from 0,
/// each at most once.
using FrameNumbers = std::function<std::vector<int64_t>(int64_t count, double rate)>;

/// The frames of these numbers. Throws as load_frames does, and Error for numbers that are not as said.
Frames load_numbered_frames(const std::filesystem::path& path, const FrameNumbers& choose,
                            const PictureOptions& options = {});

/// The same from memory; `name` stands in the messages.
Frames decode_frames(std::string_view bytes, const std::string& name, const FrameCount& count,
                     const PictureOptions& options = {});

/// The first frame, uint8 [H,W,3].
at::Tensor decode_first_frame(std::string_view bytes, const std::string& name,
                              const PictureOptions& options = {});

}  // namespace conclave
