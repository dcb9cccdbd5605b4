// Every answer of the curriculum's questions, against the question's text read anew and looked up in the
// scene.
#include "datasets/scenes/curriculum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "datasets/scenes/sampler.h"

namespace conclave::scenes {
namespace {

const std::map<std::string, Color> kColorNames{
    {"yellow", Color::kYellow}, {"black", Color::kBlack}, {"blue", Color::kBlue}};
const std::map<std::string, Shape> kShapeNames{
    {"circle", Shape::kCircle}, {"square", Shape::kSquare}, {"triangle", Shape::kTriangle}};
const std::map<int, std::string> kSizeNames{{10, "small"}, {20, "medium"}, {30, "big"}};
const std::map<std::string, size_t> kPlaceNames{{"left", 0},   {"first", 0}, {"middle", 1},
                                                {"second", 1}, {"right", 2}, {"third", 2}};

template <class Names, class Value>
std::string name_of(const Names& names, Value value) {
  for (const auto& [name, v] : names)
    if (v == value) return name;
  return "";
}

// The items that "yellow circle", "black item", "square" or "block" mean.
std::vector<Item> named(const std::vector<Item>& items, const std::string& words) {
  std::vector<Item> found;
  for (const Item& item : items) {
    bool fits = true;
    std::istringstream in(words);
    for (std::string word; in >> word;) {
      if (kColorNames.contains(word))
        fits = fits && item.color == kColorNames.at(word);
      else if (kShapeNames.contains(word))
        fits = fits && item.shape == kShapeNames.at(word);
      else
        EXPECT_TRUE(word == "item" || word == "block") << word;
    }
    if (fits) found.push_back(item);
  }
  return found;
}

std::string yes_no(bool yes) {
  return yes ? "yes" : "no";
}

// The answer that the text has in the scene; "?" for a question that cannot be read or has no single answer.
std::string answer_of(const std::string& text, const Scene& scene) {
  std::smatch m;
  const auto is = [&](const char* pattern) { return std::regex_match(text, m, std::regex(pattern)); };
  const auto box = [&](size_t group) -> const Box& { return scene[kPlaceNames.at(m.str(group))]; };
  if (is("How many (.*)s are in the (\\w+) (?:box|tower)\\?"))
    return std::to_string(named(box(2), m.str(1)).size());
  if (is("How many (.*)s are there\\?")) {
    size_t count = 0;
    for (const Box& b : scene) count += named(b, m.str(1)).size();
    return std::to_string(count);
  }
  if (is("Which (?:box|tower) has the (most|fewest) (?:item|block)s\\?")) {
    std::vector<std::string> winners;
    for (const char* place : {"left", "middle", "right"}) {
      const size_t own = scene[kPlaceNames.at(place)].size();
      if (std::ranges::all_of(
              scene, [&](const Box& b) { return m.str(1) == "most" ? own >= b.size() : own <= b.size(); }))
        winners.push_back(place);
    }
    return winners.size() == 1 ? winners[0] : "?";
  }
  if (is("What color is the (top|base|lowest) (?:block|item) in the (\\w+) (?:box|tower)\\?")) {
    std::vector<std::pair<double, Color>> by_height;
    for (const Item& item : box(2)) by_height.emplace_back(item.y + item.size / 2.0, item.color);
    std::ranges::sort(by_height);
    if (m.str(1) != "top") std::ranges::reverse(by_height);
    if (by_height.size() > 1 && std::abs(by_height[0].first - by_height[1].first) < 10) return "?";
    return name_of(kColorNames, by_height[0].second);
  }
  if (is("Is there an? (.*) touching (a wall|the bottom|the right wall) in the (\\w+) box\\?")) {
    return yes_no(std::ranges::any_of(named(box(3), m.str(1)), [&](const Item& item) {
      const bool low = item.y + item.size == 100, right = item.x + item.size == 100;
      if (m.str(2) == "the bottom") return low;
      if (m.str(2) == "the right wall") return right;
      return low || right || item.x == 0 || item.y == 0;
    }));
  }
  if (is("Is there an? (.*) in the (\\w+) (?:box|tower)\\?")) return yes_no(!named(box(2), m.str(1)).empty());
  if (is("What shape is the (.*) in the (\\w+) box\\?")) {
    const auto items = named(box(2), m.str(1));
    return items.size() == 1 ? name_of(kShapeNames, items[0].shape) : "?";
  }
  if (is("What size is the (.*) in the (\\w+) box\\?")) {
    const auto items = named(box(2), m.str(1));
    return items.size() == 1 ? kSizeNames.at(items[0].size) : "?";
  }
  return "?";
}

TEST(ScenesCurriculum, EveryAnswerIsWhatTheSceneShows) {
  Random random(21);
  std::map<std::string, std::set<std::string>> answers;  // by skill
  for (int round = 0; round < 1500; ++round) {
    const Scene scene = sample_scene(round % 3 ? Kind::kScattered : Kind::kTower, random);
    for (const Question& question : perception_questions(scene, 8, random)) {
      ASSERT_EQ(question.answer, answer_of(question.text, scene)) << question.text;
      answers[question.skill].insert(question.answer);
    }
  }
  ASSERT_EQ(answers.size(), 7u);
  EXPECT_GE(answers["count"].size(), 8u);
  EXPECT_EQ(answers["exist"], (std::set<std::string>{"yes", "no"}));
  EXPECT_EQ(answers["touch"], (std::set<std::string>{"yes", "no"}));
  EXPECT_EQ(answers["color"], (std::set<std::string>{"yellow", "black", "blue"}));
  EXPECT_EQ(answers["shape"], (std::set<std::string>{"circle", "square", "triangle"}));
  EXPECT_EQ(answers["size"], (std::set<std::string>{"small", "medium", "big"}));
  EXPECT_EQ(answers["compare"], (std::set<std::string>{"left", "middle", "right"}));
}

TEST(ScenesCurriculum, AsksNothingTwiceAboutAScene) {
  Random random(22);
  for (int round = 0; round < 100; ++round) {
    std::set<std::string> texts;
    for (const Question& question : perception_questions(sample_scene(Kind::kTower, random), 12, random))
      EXPECT_TRUE(texts.insert(question.text).second) << question.text;
  }
}

}  // namespace
}  // namespace conclave::scenes
