/// The whole way of a picture into a model, as one configuration that is stored with the model.
#pragma once

#include <array>
#include <filesystem>

#include "framework/media/picture.h"
#include "framework/media/resize.h"

namespace conclave {

/// {"policy": "tiles", "size": 64, "max_tiles": 3, "filter": "bicubic", "pad_color": [128,128,128],
///  "background": "white", "max_pixels": 100000000, "mean": [0.5,0.5,0.5], "std": [0.5,0.5,0.5]}
struct PictureInputConfig {
  ResizeOptions resize;
  PictureOptions open;
  std::array<double, 3> mean = {0.5, 0.5, 0.5}, std = {0.5, 0.5, 0.5};

  /// A key that is absent keeps its default. Throws UsageError for an unknown key or value; `path` names the
  /// object in messages.
  static PictureInputConfig from_json(const Json& json, const std::string& path = "picture");
  Json to_json() const;
};

struct PictureInput {
  at::Tensor pixels_N3SS;  ///< float, normalised; N tiles
  ResizeRecord record;
};

/// uint8 [H,W,3] to a model's input.
PictureInput prepare_picture(const at::Tensor& picture_HW3, const PictureInputConfig& config);

/// A file to a model's input; throws as load_picture does.
PictureInput load_picture_input(const std::filesystem::path& path, const PictureInputConfig& config);

}  // namespace conclave
