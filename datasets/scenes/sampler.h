/// Draws scenes with the statistics of the data, and changes them a little.
#pragma once

#include "datasets/scenes/scene.h"
#include "framework/base/random.h"

namespace conclave::scenes {

enum class Kind { kScattered, kTower };

/// Three boxes of 1 to 7 scattered items, or three towers of 1 to 4 blocks.
Scene sample_scene(Kind kind, Random& random);

/// The same items dealt anew into the boxes, as NLVR made its contrasting pictures.
Scene reshuffled(const Scene& scene, Kind kind, Random& random);

/// One small change: an item recoloured, reshaped, resized, moved, exchanged with another, added or removed.
Scene edited(const Scene& scene, Kind kind, Random& random);

}  // namespace conclave::scenes
