// What training is told of a scene besides its statements: counted again here in the plainest way.
#include <gtest/gtest.h>

#include <sstream>

#include "datasets/scene_names.h"
#include "datasets/scenes/brief.h"
#include "datasets/scenes/count_table.h"
#include "datasets/scenes/evidence.h"
#include "datasets/scenes/generator.h"
#include "datasets/scenes/sampler.h"

namespace conclave::scenes {
namespace {

const Scene& scattered() {
  static const Scene scene{Box{{70, 0, 30, kC, kB}, {10, 80, 20, kT, kY}, {40, 40, 10, kS, kK}},
                           Box{{20, 20, 20, kT, kB}},
                           Box{{90, 90, 10, kC, kY}, {30, 30, 30, kS, kB}, {62, 30, 20, kC, kB}}};
  return scene;
}

TEST(CountTable, CountsEverySortWhereItStands) {
  const auto table = count_table(scattered()[0]);
  const auto count = [&](int color, int shape, int standing) {
    return table.counts[static_cast<size_t>((4 * color + shape) * kStandings + standing)];
  };
  const int yellow = 1, black = 2, blue = 3, circle = 1, triangle = 3;
  EXPECT_EQ(count(0, 0, 0), 3);
  EXPECT_EQ(count(blue, circle, 0), 1);
  EXPECT_EQ(count(blue, triangle, 0), 0);
  EXPECT_EQ(count(blue, 0, 2), 1) << "touches the right wall";
  EXPECT_EQ(count(blue, 0, 3), 1) << "and the upper one";
  EXPECT_EQ(count(yellow, triangle, 4), 1) << "touches the lower wall";
  EXPECT_EQ(count(black, 0, 5), 0) << "touches none";
  EXPECT_EQ(count(0, 0, 5), 2);
  EXPECT_EQ(table.tower[0], -1);
}

TEST(CountTable, ReadsTowersFromTheBaseAndCutsLargeCounts) {
  Box tower, many;
  for (const int level : {2, 0, 1})
    tower.push_back({kBlockX, static_cast<int16_t>(kBlockY[static_cast<size_t>(level)]), kBlockSize, kS,
                     level == 0 ? kB : kK});
  EXPECT_EQ(count_table(tower).tower, (std::array<int, kMaxBlocks>{3, 2, 2, 0}));
  for (int16_t x = 0; x < 7; ++x) many.push_back({static_cast<int16_t>(12 * x), 5, 10, kC, kY});
  EXPECT_EQ(count_table(many).counts[0], kCountClasses - 1);
}

// Answers a brief question from its words.
std::string answer_of(const Scene& scene, const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
  const std::vector<std::string> colors{"yellow", "black", "blue"}, shapes{"circle", "square", "triangle"},
      places{"left", "middle", "right"}, sizes{"small", "medium", "big"};
  const auto place_in = [](const auto& names, const std::string& word) {
    return std::ranges::find(names, word) - names.begin();
  };
  std::vector<Item> items;
  for (size_t b = 0; b < kBoxes; ++b)
    if (words[0] == "all" || words[0] == places[b])
      items.insert(items.end(), scene[b].begin(), scene[b].end());
  if (words.size() == 3 && (words[1] == "base" || words[1] == "second" || words[1] == "top")) {
    std::ranges::sort(items, std::greater{}, &Item::y);
    const auto& block = words[1] == "base" ? items.at(0) : words[1] == "second" ? items.at(1) : items.back();
    return colors[static_cast<size_t>(block.color)];
  }
  size_t at = 1;
  const auto keep = [&](auto fits) { std::erase_if(items, [&](const Item& i) { return !fits(i); }); };
  if (const auto c = place_in(colors, words[at]); c < 3) {
    keep([&](const Item& i) { return static_cast<int>(i.color) == c; });
    ++at;
  }
  if (const auto s = place_in(shapes, words[at]); s < 3)
    keep([&](const Item& i) { return static_cast<int>(i.shape) == s; });
  ++at;
  if (words[at] == "touching") {
    const auto& wall = words[at + 1];
    keep([&](const Item& i) {
      const bool left = i.x <= 0, right = i.right() >= 100, top = i.y <= 0, bottom = i.bottom() >= 100;
      if (wall == "wall") return left || right || top || bottom;
      return wall == "left" ? left : wall == "right" ? right : wall == "top" ? top : bottom;
    });
    at += 2;
  }
  const auto& asked = words[at];
  if (asked == "how") return std::to_string(items.size());
  if (asked == "exist") return items.empty() ? "no" : "yes";
  if (items.size() != 1) return "which one?";
  return asked == "color"   ? colors[static_cast<size_t>(items[0].color)]
         : asked == "shape" ? shapes[static_cast<size_t>(items[0].shape)]
                            : sizes[static_cast<size_t>(items[0].size / 10 - 1)];
}

TEST(BriefQuestions, AreAnsweredRightly) {
  Random random(5, "brief");
  std::map<std::string, int> skills;
  for (int i = 0; i < 300; ++i) {
    const auto scene = sample_scene(i % 2 ? Kind::kTower : Kind::kScattered, random);
    for (const auto& q : brief_questions(scene, 12, random)) {
      EXPECT_EQ(answer_of(scene, q.text), q.answer) << q.text;
      ++skills[q.skill];
      if (!q.text.ends_with("how many")) continue;
      const auto rest = q.text.substr(q.text.find(' '));
      for (size_t b = 0; b < kBoxes; ++b) {
        const auto asked = std::array{"left", "middle", "right"}[b] + rest;
        EXPECT_EQ(std::to_string(q.fitting[b]), answer_of(scene, asked)) << asked;
      }
    }
  }
  for (const char* skill : {"count", "touch", "color", "shape", "size"})
    EXPECT_GT(skills[skill], 10) << skill;
}

TEST(Evidence, SaysWhichBoxesAndHowManyItems) {
  const auto boxes =
      parse_expression("(boxes (ge 1) (and (count (ge 1) (color blue)) (count (eq 0) (shape square))))");
  const auto evidence = evidence_of(boxes, scattered());
  EXPECT_EQ(evidence.counts[0], (std::array{1, 1, 2}));
  EXPECT_EQ(evidence.counts[1], (std::array{1, 0, 1}));
  EXPECT_EQ(evidence.boxes, (std::array{0, 1, 0}));
  const auto shown = permuted(evidence, 4);  // boxes 2, 0, 1
  EXPECT_EQ(shown.counts[0], (std::array{2, 1, 1}));
  EXPECT_EQ(shown.boxes, (std::array{0, 0, 1}));

  const auto scene = evidence_of(parse_expression("(count (ge 3) (shape circle))"), scattered());
  EXPECT_EQ(scene.counts[0], (std::array{1, 0, 2}));
  EXPECT_EQ(scene.counts[1], (std::array{-1, -1, -1})) << "no second condition";
  EXPECT_EQ(scene.boxes, (std::array{-1, -1, -1})) << "nothing is said of boxes";
}

TEST(Evidence, DecidesStatementsOfOneExistingBox) {
  const SceneGenerator generator(3);
  int checked = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    for (const auto& s : generator.make(i, 8).statements) {
      EXPECT_EQ(s.evidence.boxes[0] < 0, s.evidence.boxes[2] < 0) << s.text;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 320);
}

}  // namespace
}  // namespace conclave::scenes
