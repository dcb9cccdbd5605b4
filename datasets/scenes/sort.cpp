#include "datasets/scenes/sort.h"

namespace conclave::scenes {

std::string name_of(Color color) {
  return std::string(kColorNames[static_cast<size_t>(color)]);
}

std::string name_of(Shape shape) {
  return std::string(kShapeNames[static_cast<size_t>(shape)]);
}

std::string size_name(const Item& item) {
  return std::string(kSizeNames[static_cast<size_t>(item.size / 10 - 1)]);
}

bool Sort::fits(const Item& item) const {
  return (color < 0 || color == static_cast<int>(item.color)) &&
         (shape < 0 || shape == static_cast<int>(item.shape));
}

std::string Sort::words(bool tower) const {
  const std::string noun = shape >= 0 ? name_of(static_cast<Shape>(shape)) : tower ? "block" : "item";
  return color < 0 ? noun : name_of(static_cast<Color>(color)) + " " + noun;
}

}  // namespace conclave::scenes
