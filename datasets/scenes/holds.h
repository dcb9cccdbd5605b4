/// Whether an expression is true of a scene.
#pragma once

#include "datasets/scenes/expression.h"
#include "datasets/scenes/scene.h"

namespace conclave::scenes {

/// A gap of one unit to the wall is hardly seen: annotators are of two minds whether such an item touches it.
inline constexpr int kWallGap = 1;

/// Whether `statement` is true of the scene, when items up to `wall_gap` units from a wall touch it.
bool holds(const Expression& statement, const Scene& scene, int wall_gap = kWallGap);

/// Whether a predicate is true of a box of the scene, or of an item of that box where one is meant.
bool holds_at(const Expression& predicate, const Scene& scene, int box, int item = -1);

}  // namespace conclave::scenes
