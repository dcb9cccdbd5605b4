/// Box scenes as in NLVR (Suhr et al., ACL 2017): three boxes of coloured shapes, 100 x 100 units each.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace conclave::scenes {

enum class Color : uint8_t { kYellow, kBlack, kBlue };
enum class Shape : uint8_t { kCircle, kSquare, kTriangle };

inline constexpr int kBoxSide = 100;
inline constexpr int kBoxes = 3;
inline constexpr int kMaxItems = 8;  ///< in one box
inline constexpr int kMaxBlocks = 4;
inline constexpr int kBlockSize = 20;
inline constexpr int kBlockX = 40;
/// The upper edge of each block of a tower, from the base up: blocks stand one unit apart.
inline constexpr std::array<int, kMaxBlocks> kBlockY{80, 59, 38, 17};

/// One item; (x, y) is the left upper corner of its bounding square, y grows downwards.
struct Item {
  int16_t x = 0, y = 0;
  int16_t size = 10;  ///< 10, 20 or 30
  Shape shape = Shape::kCircle;
  Color color = Color::kYellow;
  int right() const { return x + size; }
  int bottom() const { return y + size; }
  bool operator==(const Item&) const = default;
};

using Box = std::vector<Item>;
using Scene = std::array<Box, kBoxes>;

/// The six orders in which a scene's boxes are shown: picture k shows box kOrders[k][j] at place j.
inline constexpr std::array<std::array<int, kBoxes>, 6> kOrders{
    {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};

/// The scene with its boxes in order `order` (0..5) of kOrders.
Scene permuted(const Scene& scene, int order);

/// Whether an item touches the left, right, upper, lower wall of its box.
std::array<bool, 4> touched_walls(const Item& item);

/// Whether it is a square of a block's size in the column where towers stand.
bool is_block(const Item& item);
/// A tower's blocks from the base up.
Box blocks_from_base(Box tower);

/// Whether every box is a tower: squares of 20 in one column.
bool is_tower_scene(const Scene& scene);

/// Whether two items of one box keep the distance of at least one unit that the data keeps.
bool apart(const Item& a, const Item& b);

}  // namespace conclave::scenes
