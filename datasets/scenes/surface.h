/// What lies at a point of a box: the dense targets of perception training.
#pragma once

#include <array>

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

struct Surface {
  int color = 0;                  ///< 0 ground, else 1 + Color
  int shape = 0;                  ///< 0 ground, else 1 + Shape
  std::array<bool, 4> touches{};  ///< of the item: the left, right, upper, lower wall
};

/// The item that covers the point (x, y) of a box, in units of the box.
Surface surface_at(const Box& box, double x, double y);

}  // namespace conclave::scenes
