#include "datasets/scenes/scene.h"

#include <algorithm>

namespace conclave::scenes {

Scene permuted(const Scene& scene, int order) {
  Scene out;
  for (int place = 0; place < kBoxes; ++place)
    out[static_cast<size_t>(place)] =
        scene[static_cast<size_t>(kOrders[static_cast<size_t>(order)][static_cast<size_t>(place)])];
  return out;
}

std::array<bool, 4> touched_walls(const Item& item) {
  return {item.x <= 0, item.right() >= kBoxSide, item.y <= 0, item.bottom() >= kBoxSide};
}

bool is_block(const Item& item) {
  return item.shape == Shape::kSquare && item.size == kBlockSize && item.x == kBlockX;
}

Box blocks_from_base(Box tower) {
  std::ranges::sort(tower, [](const Item& a, const Item& b) { return a.y > b.y; });
  return tower;
}

bool is_tower_scene(const Scene& scene) {
  for (const Box& box : scene) {
    if (box.size() > kMaxBlocks) return false;
    for (const Item& item : box) {
      if (!is_block(item) || std::ranges::find(kBlockY, item.y) == kBlockY.end()) return false;
    }
  }
  return true;
}

bool apart(const Item& a, const Item& b) {
  return a.x > b.right() || b.x > a.right() || a.y > b.bottom() || b.y > a.bottom();
}

}  // namespace conclave::scenes
