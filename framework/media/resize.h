/// From a picture of any size to squares of one size, by a named policy, with a record of what was done.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct ResizeOptions {
  /// stretch: the whole picture, its proportions given up.
  /// pad: the whole picture, its proportions kept, margins in pad_color.
  /// crop: the square in the middle.
  /// tiles: squares as high (or wide) as the picture, evenly spaced along its long side: as many as cover it,
  /// at most max_tiles.
  std::string policy = "stretch";
  int64_t size = 224;              ///< S: every tile is S x S
  int64_t max_tiles = 1;           ///< of policy tiles
  std::string filter = "bicubic";  ///< for enlarging: bicubic, bilinear; nearest, then for shrinking too
  std::vector<int64_t> pad_color = {128, 128, 128};  ///< R, G, B
};

/// What became of a picture, for the record that goes with each answer.
struct ResizeRecord {
  struct Tile {
    int64_t x, y, width, height;  ///< the part of the input that the tile shows
  };
  std::string policy;
  int64_t input_width = 0, input_height = 0;
  int64_t resized_width = 0, resized_height = 0;  ///< of each tile's picture, without padding
  std::vector<Tile> tiles;

  /// {"policy", "input_size": [w,h], "resized_to": [w,h], "tiles": [[x,y,w,h], ...]}
  Json to_json() const;
};

struct ResizedPicture {
  std::vector<at::Tensor> tiles;  ///< uint8 [S,S,3] each
  ResizeRecord record;
};

/// The tiles that a picture of this size becomes. Throws UsageError for an unknown policy.
int64_t tile_count(int64_t width, int64_t height, const ResizeOptions& options);

/// Shrinking averages areas, so that no line is lost. Throws UsageError for an unknown policy or filter.
ResizedPicture resize_picture(const at::Tensor& picture_HW3, const ResizeOptions& options);

}  // namespace conclave
