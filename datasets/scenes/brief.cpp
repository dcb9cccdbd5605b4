#include "datasets/scenes/brief.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conclave::scenes {
namespace {

constexpr std::array<std::string_view, 3> kColors{"yellow", "black", "blue"};
constexpr std::array<std::string_view, 3> kShapes{"circle", "square", "triangle"};
constexpr std::array<std::string_view, 3> kSizes{"small", "medium", "big"};
constexpr std::array<std::string_view, 3> kPlaces{"left", "middle", "right"};
constexpr std::array<std::string_view, 5> kWalls{"left", "right", "top", "bottom", "wall"};

template <class Names, class Index>
std::string name(const Names& names, Index index) {
  return std::string(names[static_cast<size_t>(index)]);
}

bool touches(const Item& item, size_t wall) {
  const std::array<bool, 4> at{item.x <= 0, item.right() >= kBoxSide, item.y <= 0, item.bottom() >= kBoxSide};
  return wall < at.size() ? at[wall] : std::ranges::any_of(at, [](bool touch) { return touch; });
}

// The colour of the block at the base, above it, or at the top; no answer when there is none.
Question block_color(const Box& tower, const std::string& where, Random& random) {
  std::vector<Item> blocks = tower;
  std::ranges::sort(blocks, [](const Item& a, const Item& b) { return a.y > b.y; });
  const auto place = random.below(3);
  if (blocks.size() <= (place == 1 ? 1U : 0U)) return {};
  const Item& block = place == 0 ? blocks.front() : place == 1 ? blocks[1] : blocks.back();
  constexpr std::array<std::string_view, 3> kLevels{"base", "second", "top"};
  return {fmt::format("{} {} color", where, kLevels[place]), name(kColors, block.color), "color"};
}

Question once(const Scene& scene, bool towers, Random& random) {
  const bool whole = random.chance(0.25);
  const auto box = random.below(kBoxes);
  const std::string where = whole ? "all" : name(kPlaces, box);
  std::vector<Item> items;
  for (size_t b = 0; b < kBoxes; ++b)
    if (whole || b == box) items.insert(items.end(), scene[b].begin(), scene[b].end());
  if (towers && !whole && random.chance(0.45)) return block_color(items, where, random);

  // Mostly what is there, to keep the answers from being 0.
  const Item* like = !items.empty() && random.chance(0.8) ? &items[random.below(items.size())] : nullptr;
  const auto pick = [&](double often, auto feature) {
    return random.chance(often) ? like ? static_cast<int>(feature(*like)) : static_cast<int>(random.below(3))
                                : -1;
  };
  const int color = pick(0.7, [](const Item& item) { return item.color; });
  const int shape = towers ? -1 : pick(0.5, [](const Item& item) { return item.shape; });
  std::erase_if(items, [&](const Item& item) {
    return (color >= 0 && color != static_cast<int>(item.color)) ||
           (shape >= 0 && shape != static_cast<int>(item.shape));
  });
  std::string text = where + (color < 0 ? "" : " " + name(kColors, color)) + " " +
                     (shape >= 0 ? name(kShapes, shape)
                      : towers   ? "block"
                                 : "item");
  const double kind = random.uniform();
  if (!towers && kind > 0.5) {
    const auto wall = random.below(kWalls.size());
    text += " touching " + name(kWalls, wall);
    std::erase_if(items, [&](const Item& item) { return !touches(item, wall); });
    if (random.chance(0.4)) return {text + " exist", items.empty() ? "no" : "yes", "touch"};
  } else if (!towers && kind > 0.4 && items.size() == 1) {
    const Item& only = items.front();
    switch (random.below(3)) {
      case 0:
        return {text + " color", name(kColors, only.color), "color"};
      case 1:
        return {text + " shape", name(kShapes, only.shape), "shape"};
      default:
        return {text + " size", name(kSizes, only.size / 10 - 1), "size"};
    }
  }
  return {text + " how many", fmt::to_string(items.size()), "count"};
}

}  // namespace

std::vector<Question> brief_questions(const Scene& scene, int count, Random& random) {
  const bool towers = is_tower_scene(scene);
  std::vector<Question> out;
  while (out.size() < static_cast<size_t>(count)) {
    Question question = once(scene, towers, random);
    if (!question.answer.empty()) out.push_back(std::move(question));
  }
  return out;
}

}  // namespace conclave::scenes
