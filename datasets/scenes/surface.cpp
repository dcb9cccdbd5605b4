#include "datasets/scenes/surface.h"

#include <cmath>

namespace conclave::scenes {
namespace {

bool covers(const Item& item, double x, double y) {
  const double u = x - item.x, v = y - item.y, side = item.size, half = side / 2;
  if (u < 0 || v < 0 || u > side || v > side) return false;
  switch (item.shape) {
    case Shape::kSquare:
      return true;
    case Shape::kCircle:
      return std::hypot(u - half, v - half) <= half;
    case Shape::kTriangle:
      return std::abs(u - half) <= v / 2;
  }
  return false;
}

}  // namespace

Surface surface_at(const Box& box, double x, double y) {
  for (const Item& item : box) {
    if (!covers(item, x, y)) continue;
    return {1 + static_cast<int>(item.color), 1 + static_cast<int>(item.shape), touched_walls(item)};
  }
  return {};
}

}  // namespace conclave::scenes
