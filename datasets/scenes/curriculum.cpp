#include "datasets/scenes/curriculum.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "datasets/scenes/expression.h"
#include "datasets/scenes/sort.h"

namespace conclave::scenes {
namespace {

constexpr std::array<std::array<std::string_view, 3>, 2> kPlaceNames{
    {{"left", "middle", "right"}, {"first", "second", "third"}}};

class Asker {
 public:
  Asker(const Scene& scene, Random& random) : scene_(scene), random_(random), tower_(is_tower_scene(scene)) {}

  Question ask() {
    // Drawn again when the question has no answer in this scene.
    for (;;) {
      Question question = once();
      if (!question.answer.empty()) return question;
    }
  }

 private:
  Question once() {
    switch (random_.below(tower_ ? 5 : 8)) {
      case 0:
        return count_in_box();
      case 1:
        return count_in_scene();
      case 2:
        return compare_boxes();
      case 3:
        return color_of_extreme();
      case 4:
        return exists();
      case 5:
        return touching();
      case 6:
        return shape_of_only();
      default:
        return size_of_only();
    }
  }
  std::string_view place(size_t box) { return kPlaceNames[random_.below(2)][box]; }
  std::string_view noun() const { return tower_ ? "tower" : "box"; }
  size_t any_box() { return random_.below(kBoxes); }
  /// Half of the time a sort that is there.
  Sort sort(const Box& box) {
    Sort out;
    const bool there = random_.chance(0.5);
    const Item& item = box[random_.below(box.size())];
    if (random_.chance(0.75))
      out.color = there ? static_cast<int>(item.color) : static_cast<int>(random_.below(3));
    if (!tower_ && random_.chance(0.6))
      out.shape = there ? static_cast<int>(item.shape) : static_cast<int>(random_.below(3));
    return out;
  }
  Question count_in_box() {
    const size_t box = any_box();
    const Sort of = sort(scene_[box]);
    const auto count = std::ranges::count_if(scene_[box], [&](const Item& item) { return of.fits(item); });
    return {fmt::format("How many {}s are in the {} {}?", of.words(tower_), place(box), noun()),
            fmt::to_string(count), "count"};
  }
  Question count_in_scene() {
    const Sort of = sort(scene_[any_box()]);
    long count = 0;
    for (const Box& box : scene_)
      count += std::ranges::count_if(box, [&](const Item& item) { return of.fits(item); });
    return {fmt::format("How many {}s are there?", of.words(tower_)), fmt::to_string(count), "count"};
  }
  Question compare_boxes() {
    const bool most = random_.chance(0.5);
    const auto by_size = [](const Box& a, const Box& b) { return a.size() < b.size(); };
    const auto best =
        most ? std::ranges::max_element(scene_, by_size) : std::ranges::min_element(scene_, by_size);
    if (std::ranges::count_if(scene_, [&](const Box& b) { return b.size() == best->size(); }) != 1) return {};
    return {
        fmt::format("Which {} has the {} {}s?", noun(), most ? "most" : "fewest", tower_ ? "block" : "item"),
        std::string(kPlaceNames[0][static_cast<size_t>(best - scene_.begin())]), "compare"};
  }
  Question color_of_extreme() {
    const size_t box = any_box();
    const bool top = random_.chance(0.5);
    const auto by_height = [](const Item& a, const Item& b) { return a.y + a.bottom() < b.y + b.bottom(); };
    const auto item = top ? std::ranges::min_element(scene_[box], by_height)
                          : std::ranges::max_element(scene_[box], by_height);
    // Scattered items must differ clearly in height.
    const auto near = std::ranges::count_if(scene_[box], [&](const Item& o) {
      return std::abs(o.y + o.bottom() - item->y - item->bottom()) < 20;
    });
    if (near != 1) return {};
    return {fmt::format("What color is the {} {} in the {} {}?",
                        top      ? "top"
                        : tower_ ? "base"
                                 : "lowest",
                        tower_ ? "block" : "item", place(box), noun()),
            name_of(item->color), "color"};
  }
  Question exists() { return exists(random_.chance(0.5)); }
  Question exists(bool wanted) {
    const size_t box = any_box();
    const Sort of = sort(scene_[box]);
    if (of.color < 0 && of.shape < 0) return exists(wanted);
    const bool found = std::ranges::any_of(scene_[box], [&](const Item& item) { return of.fits(item); });
    if (found != wanted) return random_.chance(0.02) ? Question{} : exists(wanted);
    return {fmt::format("Is there a {} in the {} {}?", of.words(tower_), place(box), noun()),
            found ? "yes" : "no", "exist"};
  }
  Question touching() { return touching(random_.chance(0.5)); }
  Question touching(bool wanted) {
    constexpr std::array<std::string_view, 3> kWalls{"a wall", "the bottom", "the right wall"};
    const size_t box = any_box(), wall = random_.below(3);
    const Sort of = sort(scene_[box]);
    bool found = false;
    for (const Item& item : scene_[box]) {
      const bool low = item.bottom() == kBoxSide, right = item.right() == kBoxSide;
      const bool touches = wall == 0 ? low || right || item.x == 0 || item.y == 0 : wall == 1 ? low : right;
      found = found || (touches && of.fits(item));
    }
    if (found != wanted) return random_.chance(0.02) ? Question{} : touching(wanted);
    const std::string words = of.words(false);
    return {fmt::format("Is there {} {} touching {} in the {} box?", words == "item" ? "an" : "a", words,
                        kWalls[wall], place(box)),
            found ? "yes" : "no", "touch"};
  }
  /// The only item of its colour, shape or size is asked for another of its features.
  Question shape_of_only() {
    const size_t box = any_box();
    const Color color = static_cast<Color>(random_.below(3));
    const auto is = [&](const Item& item) { return item.color == color; };
    if (std::ranges::count_if(scene_[box], is) != 1) return {};
    return {fmt::format("What shape is the {} item in the {} box?", name_of(color), place(box)),
            name_of(std::ranges::find_if(scene_[box], is)->shape), "shape"};
  }
  Question size_of_only() {
    const size_t box = any_box();
    Sort of = sort(scene_[box]);
    const auto is = [&](const Item& item) { return of.fits(item); };
    if (std::ranges::count_if(scene_[box], is) != 1) return {};
    return {fmt::format("What size is the {} in the {} box?", of.words(false), place(box)),
            size_name(*std::ranges::find_if(scene_[box], is)), "size"};
  }

  const Scene& scene_;
  Random& random_;
  bool tower_;
};

}  // namespace

std::vector<Question> perception_questions(const Scene& scene, int count, Random& random) {
  Asker asker(scene, random);
  std::vector<Question> out;
  while (out.size() < static_cast<size_t>(count)) {
    Question question = asker.ask();
    if (std::ranges::none_of(out, [&](const Question& other) { return other.text == question.text; }))
      out.push_back(std::move(question));
    else if (random.chance(0.02))
      break;  // a scene has only so many questions
  }
  return out;
}

}  // namespace conclave::scenes
