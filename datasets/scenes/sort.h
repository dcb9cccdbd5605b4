/// What a question's words say of items: a colour, a shape, both or neither.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "datasets/scenes/scene.h"

namespace conclave::scenes {

inline constexpr std::array<std::string_view, 3> kColorNames{"yellow", "black", "blue"};
inline constexpr std::array<std::string_view, 3> kShapeNames{"circle", "square", "triangle"};
inline constexpr std::array<std::string_view, 3> kSizeNames{"small", "medium", "big"};

std::string name_of(Color color);
std::string name_of(Shape shape);
/// Of an item's size: 10, 20 or 30.
std::string size_name(const Item& item);

struct Sort {
  int color = -1, shape = -1;  ///< -1: any
  bool fits(const Item& item) const;
  /// "yellow circle"; for any shape "block" in towers and "item" elsewhere.
  std::string words(bool tower) const;
};

}  // namespace conclave::scenes
