/// From pictures to what a published model's picture part reads, as its preprocessor_config.json says.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <vector>

#include "framework/base/json.h"
#include "framework/tensor/module.h"

namespace conclave {

struct PreparedPictures {
  std::map<std::string, Tensor> tensors;  ///< "pixel_values", "image_grid_thw": as Inputs::pictures has them
  std::vector<int64_t> tokens;            ///< placeholders that each picture takes
  /// What is seen of each picture, in its own pixels: x, y, width, height; beyond its edges where it was
  /// padded.
  std::vector<std::array<double, 4>> areas;
};

/// Immutable, safe to share between threads.
class PictureProcessor {
 public:
  enum class Kind {
    kSquare,   ///< CLIP, SigLIP: every picture as [3,H,W], one placeholder
    kPatches,  ///< Qwen2-VL: patches of any grid, neighbours side by side
  };

  /// Throws UsageError that names a setting that is not supported, with what is; `name` stands in the
  /// messages.
  PictureProcessor(const Json& config, const std::string& name);
  /// Reads preprocessor_config.json (or the "image_processor" part of processor_config.json) of a folder.
  static PictureProcessor load(const std::filesystem::path& folder);

  Kind kind() const { return kind_; }
  /// All settings in one text: equal for processors that do the same.
  const std::string& settings() const { return settings_; }
  /// uint8 [H,W,3] each. Throws UsageError for a picture that is too narrow for the patches.
  PreparedPictures prepare(const std::vector<Tensor>& pictures) const;
  /// Height and width that Qwen2-VL's kind gives a picture: multiples of a merged patch, about its
  /// proportions, between min_pixels and max_pixels.
  /// Of a video of so many `frames` all their pixels count together (Qwen3-VL).
  std::pair<int64_t, int64_t> smart_size(int64_t height, int64_t width, int64_t frames = 0) const;
  /// Frames uint8 [H,W,3] of one size as patches [P,X] of height x width, group after group; the last frame
  /// is repeated until its group is full. Of the kind kPatches.
  Tensor patches(const std::vector<Tensor>& frames, int64_t height, int64_t width) const;
  int64_t patch() const { return patch_; }
  int64_t merge() const { return merge_; }   ///< patches along each side of a token
  int64_t group() const { return frames_; }  ///< frames that a patch takes together

 private:
  /// Height and width that a picture is resized to before it is cropped to a square.
  std::pair<int64_t, int64_t> square_size(int64_t height, int64_t width) const;
  std::array<double, 4> square_area(int64_t height, int64_t width) const;
  Tensor square(const Tensor& picture_HW3) const;
  Tensor normalised(const Tensor& picture_HW3) const;

  std::string settings_;
  Kind kind_ = Kind::kSquare;
  std::string filter_ = "bicubic";
  int64_t shortest_ = 0, height_ = 0, width_ = 0;  ///< what to resize to; 0: not this way
  int64_t crop_height_ = 0, crop_width_ = 0;       ///< 0: not cropped
  double scale_ = 1;
  std::vector<double> mean_, std_;
  int64_t patch_ = 14, frames_ = 2, merge_ = 2, min_pixels_ = 0, max_pixels_ = 0;
};

}  // namespace conclave
