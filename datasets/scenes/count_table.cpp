#include "datasets/scenes/count_table.h"

#include <algorithm>

namespace conclave::scenes {

CountTable count_table(const Box& box) {
  CountTable table;
  for (const Item& item : box) {
    const auto [left, right, up, low] = touched_walls(item);
    const std::array<bool, kStandings> stands{true, left, right, up, low, left || right || up || low};
    for (const int color : {0, 1 + static_cast<int>(item.color)}) {
      for (const int shape : {0, 1 + static_cast<int>(item.shape)}) {
        const int sort = 4 * color + shape;
        for (int s = 0; s < kStandings; ++s)
          table.counts[static_cast<size_t>(sort * kStandings + s)] += stands[static_cast<size_t>(s)];
      }
    }
  }
  for (int& count : table.counts) count = std::min(count, kCountClasses - 1);
  if (!std::ranges::all_of(box, is_block)) {
    table.tower.fill(-1);
    return table;
  }
  const Box blocks = blocks_from_base(box);
  for (size_t i = 0; i < std::min(blocks.size(), table.tower.size()); ++i)
    table.tower[i] = 1 + static_cast<int>(blocks[i].color);
  return table;
}

}  // namespace conclave::scenes
