#include "datasets/scenes/brief.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "datasets/scenes/sort.h"

namespace conclave::scenes {
namespace {

constexpr std::array<std::string_view, 3> kPlaces{"left", "middle", "right"};
constexpr std::array<std::string_view, 5> kWalls{"left", "right", "top", "bottom", "wall"};

// One wall, or any for the last of them.
bool touches(const Item& item, size_t wall) {
  const auto walls = touched_walls(item);
  return wall < walls.size() ? walls[wall] : std::ranges::any_of(walls, [](bool touch) { return touch; });
}

// The colour of the block at the base, above it, or at the top; no answer when there is none.
BriefQuestion block_color(const Box& tower, const std::string& where, Random& random) {
  const Box blocks = blocks_from_base(tower);
  const auto place = random.below(3);
  if (blocks.size() <= (place == 1 ? 1U : 0U)) return {};
  const Item& block = place == 0 ? blocks.front() : place == 1 ? blocks[1] : blocks.back();
  constexpr std::array<std::string_view, 3> kLevels{"base", "second", "top"};
  return {{fmt::format("{} {} color", where, kLevels[place]), name_of(block.color), "color"}};
}

// A sort that may have to touch a wall.
constexpr size_t kNowhere = kWalls.size();
struct StandingSort : Sort {
  size_t wall = kNowhere;
  bool fits(const Item& item) const { return Sort::fits(item) && (wall == kNowhere || touches(item, wall)); }
  std::string words(bool tower) const {
    return wall == kNowhere ? Sort::words(tower)
                            : fmt::format("{} touching {}", Sort::words(tower), kWalls[wall]);
  }
};

BriefQuestion once(const Scene& scene, bool towers, Random& random) {
  const bool whole = random.chance(0.25);
  const auto box = random.below(kBoxes);
  const std::string where = whole ? "all" : std::string(kPlaces[box]);
  std::vector<Item> items;
  for (size_t b = 0; b < kBoxes; ++b)
    if (whole || b == box) items.insert(items.end(), scene[b].begin(), scene[b].end());
  if (towers && !whole && random.chance(0.45)) return block_color(items, where, random);

  // Mostly what is there, to keep the answers from being 0.
  const Item* like = !items.empty() && random.chance(0.8) ? &items[random.below(items.size())] : nullptr;
  const auto pick = [&](double often, auto feature) {
    if (!random.chance(often)) return -1;
    return like ? static_cast<int>(feature(*like)) : static_cast<int>(random.below(3));
  };
  StandingSort sort;
  sort.color = pick(0.7, [](const Item& item) { return item.color; });
  sort.shape = towers ? -1 : pick(0.5, [](const Item& item) { return item.shape; });
  const double kind = random.uniform();
  if (!towers && kind > 0.5) sort.wall = random.below(kWalls.size());

  BriefQuestion question;
  for (size_t b = 0; b < kBoxes; ++b)
    question.fitting[b] =
        static_cast<int>(std::ranges::count_if(scene[b], [&](const Item& item) { return sort.fits(item); }));
  std::erase_if(items, [&](const Item& item) { return !sort.fits(item); });
  const auto ask = [&](std::string_view what, std::string answer, std::string skill) {
    question.text = fmt::format("{} {} {}", where, sort.words(towers), what);
    question.answer = std::move(answer);
    question.skill = std::move(skill);
    return question;
  };
  if (sort.wall != kNowhere && random.chance(0.4)) return ask("exist", items.empty() ? "no" : "yes", "touch");
  if (!towers && kind > 0.4 && sort.wall == kNowhere && items.size() == 1) {
    const Item& only = items.front();
    switch (random.below(3)) {
      case 0:
        return ask("color", name_of(only.color), "color");
      case 1:
        return ask("shape", name_of(only.shape), "shape");
      default:
        return ask("size", size_name(only), "size");
    }
  }
  return ask("how many", fmt::to_string(items.size()), "count");
}

}  // namespace

std::vector<BriefQuestion> brief_questions(const Scene& scene, int count, Random& random) {
  const bool towers = is_tower_scene(scene);
  std::vector<BriefQuestion> out;
  while (out.size() < static_cast<size_t>(count)) {
    BriefQuestion question = once(scene, towers, random);
    if (!question.answer.empty()) out.push_back(std::move(question));
  }
  return out;
}

}  // namespace conclave::scenes
