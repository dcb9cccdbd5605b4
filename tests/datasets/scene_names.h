/// Short names for the scenes that tests write down.
#pragma once

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

inline constexpr Color kY = Color::kYellow, kK = Color::kBlack, kB = Color::kBlue;
inline constexpr Shape kC = Shape::kCircle, kS = Shape::kSquare, kT = Shape::kTriangle;

}  // namespace conclave::scenes
