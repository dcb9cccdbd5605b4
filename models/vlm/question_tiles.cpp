#include "models/vlm/question_tiles.h"

#include <ATen/ATen.h>

namespace conclave {

at::Tensor question_tiles(const std::vector<std::filesystem::path>& images,
                          const PictureInputConfig& picture) {
  std::vector<at::Tensor> tiles;
  for (const auto& image : images) tiles.push_back(load_picture_input(image, picture).pixels_N3SS);
  if (tiles.empty()) return at::zeros({0, 3, picture.resize.size, picture.resize.size});
  return tiles.size() == 1 ? tiles.front() : at::cat(tiles);
}

}  // namespace conclave
