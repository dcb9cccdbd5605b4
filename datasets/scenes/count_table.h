/// What a box holds, as numbers: the targets of a model that learns to count before it learns to read.
#pragma once

#include <array>

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

inline constexpr int kSorts = 16;        ///< 4 x colour + shape, each 0 for any
inline constexpr int kStandings = 6;     ///< anywhere, touching the left, right, upper, lower wall, any wall
inline constexpr int kCountClasses = 6;  ///< 0 to 4, and 5 for more

struct CountTable {
  std::array<int, kSorts * kStandings> counts{};  ///< by sort, then standing; below kCountClasses
  std::array<int, kMaxBlocks> tower{};  ///< 1 + colour from the base up, 0 above the top; -1: no tower
};

CountTable count_table(const Box& box);

}  // namespace conclave::scenes
