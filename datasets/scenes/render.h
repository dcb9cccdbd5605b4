/// From a scene to the picture NLVR shows for it, and back.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

inline constexpr int kPictureWidth = 400;
inline constexpr int kPictureHeight = 100;
inline constexpr int kPictureBytes = kPictureWidth * kPictureHeight * 3;

/// RGB rows of 400 x 100 pixels: boxes at x = 0, 150 and 300, separators of 50 between them.
std::vector<uint8_t> render(const Scene& scene);

/// The same into `rgb` of kPictureBytes.
void render(const Scene& scene, std::span<uint8_t> rgb);

/// Reads the items off a picture of this kind (RGB, 400 x 100). Throws DataError when a blob is no such item.
Scene segment(std::span<const uint8_t> rgb);

}  // namespace conclave::scenes
