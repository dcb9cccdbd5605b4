/// From videos to what a published model's picture part reads, as its video_preprocessor_config.json says.
#pragma once

#include "framework/media/frames.h"
#include "models/multimodal/picture_processor.h"

namespace conclave {

struct PreparedVideos {
  struct Places {
    int64_t frames = 0;           ///< groups of frames, which a patch takes together
    int64_t tokens = 0;           ///< placeholders of each
    std::vector<double> seconds;  ///< when each is shown: between its first frame and its last
  };
  /// "pixel_values_videos", "video_grid_thw", "second_per_grid_ts": as Inputs::pictures has them.
  std::map<std::string, Tensor> tensors;
  std::vector<Places> videos;
};

/// Immutable, safe to share between threads.
class VideoProcessor {
 public:
  /// Qwen2-VL's and Qwen3-VL's. Throws UsageError that names a setting that is not supported, with what is;
  /// `name` stands in the messages.
  VideoProcessor(const Json& config, const std::string& name);
  /// Reads video_preprocessor_config.json, the "video_processor" part of processor_config.json, or, where a
  /// folder has neither, its preprocessor_config.json.
  static VideoProcessor load(const std::filesystem::path& folder);

  /// Frames to read of a video of `count`, shown at `rate` a second; at most `most`, where it is not 0.
  /// Throws UsageError for a video with fewer than a patch takes together.
  std::vector<int64_t> sample(int64_t count, double rate, int64_t most = 0) const;
  /// What was read by `sample`. Throws UsageError for a picture that is too narrow for the patches.
  PreparedVideos prepare(const std::vector<Frames>& videos) const;

 private:
  VideoProcessor(bool third, const Json& config, const std::string& name);

  bool third_;  ///< of Qwen3-VL: pixels are counted over all frames
  PictureProcessor pictures_;
  double rate_ = 2;
  int64_t least_ = 4, most_ = 768;
};

}  // namespace conclave
