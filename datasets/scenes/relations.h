/// How items lie to one another and to the walls of their box, in the units of the data.
#pragma once

#include <vector>

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

/// Whether `upper` is wholly above `lower`.
bool over(const Item& upper, const Item& lower);

/// Whether the two touch, or nearly so.
bool near(const Item& a, const Item& b);

/// Whether the item is within `gap` units of a wall; `side` is a Side.
bool touches(const Item& item, int side, int gap);

/// The same for a corner; `corner` is a CornerPlace.
bool in_corner(const Item& item, int corner, int gap);

/// A Feature as a number from 0 to 2.
int feature_of(const Item& item, int feature);

/// Indices of the items, the lowest first.
std::vector<int> from_base(const Box& box);

/// A number equal for two boxes just when they agree in `key`, a Key; -1 when the box has no such thing.
int key_of(const Box& box, int key);

}  // namespace conclave::scenes
