/// The pictures of one question as one stack of tiles.
#pragma once

#include <filesystem>
#include <vector>

#include "framework/media/picture_input.h"

namespace conclave {

/// Float [N,3,S,S], the pictures' tiles in their order; [0,3,S,S] without pictures. Throws as load_picture
/// does.
at::Tensor question_tiles(const std::vector<std::filesystem::path>& images,
                          const PictureInputConfig& picture);

}  // namespace conclave
