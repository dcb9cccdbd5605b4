// Generated scenes and statements, and both against the real data where it is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <set>

#include "datasets/scenes/curriculum.h"
#include "datasets/scenes/english.h"
#include "datasets/scenes/generator.h"
#include "datasets/scenes/holds.h"
#include "datasets/scenes/picture_file.h"
#include "datasets/scenes/render.h"
#include "datasets/scenes/training.h"
#include "datasets/scenes/words.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "testing/testing.h"

namespace conclave::scenes {
namespace {

const SceneGenerator& generator() {
  static const SceneGenerator generator(5, {.pool = 1500});
  return generator;
}

// The items of each box from top to bottom.
Scene sorted(Scene scene) {
  for (Box& box : scene)
    std::ranges::sort(box, {}, [](const Item& item) { return std::pair(item.y, item.x); });
  return scene;
}

TEST(ScenesSampler, ItemsStayInTheirBoxesAndApart) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const Kind kind = round % 2 ? Kind::kTower : Kind::kScattered;
    Scene scene = sample_scene(kind, random);
    if (round % 3 == 1) scene = reshuffled(scene, kind, random);
    for (int edits = 0; edits < round % 5; ++edits) scene = edited(scene, kind, random);
    EXPECT_TRUE(kind != Kind::kTower || is_tower_scene(scene));
    for (const Box& box : scene) {
      EXPECT_FALSE(box.empty());
      for (size_t i = 0; i < box.size(); ++i) {
        EXPECT_TRUE(box[i].x >= 0 && box[i].y >= 0 && box[i].right() <= kBoxSide &&
                    box[i].bottom() <= kBoxSide);
        for (size_t j = 0; j < i; ++j) EXPECT_TRUE(apart(box[i], box[j]));
      }
    }
  }
}

TEST(ScenesRender, SegmentationIsTheInverse) {
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    const Scene scene = sample_scene(round % 2 ? Kind::kTower : Kind::kScattered, random);
    const int order = round % 6;
    EXPECT_EQ(sorted(segment(render(permuted(scene, order)))), sorted(permuted(scene, order)));
  }
  std::vector<uint8_t> blot(kPictureBytes, 211);
  blot[3 * 450] = 0;  // one dark pixel in the first box
  EXPECT_THROW(segment(blot), DataError);
}

TEST(ScenesGenerator, SameSeedAndIndexGiveTheSameSampleInAnyOrder) {
  SceneGenerator again(5, {.pool = 1500});
  for (uint64_t index = 0; index < 6; ++index) {
    const Sample next = again.next(9), made = generator().make(index, 9);
    EXPECT_EQ(next.index, index);
    EXPECT_EQ(next.scene, made.scene);
    ASSERT_EQ(next.statements.size(), 9u);
    for (size_t i = 0; i < 9; ++i) {
      EXPECT_EQ(next.statements[i].text, made.statements[i].text);
      EXPECT_EQ(next.statements[i].label, made.statements[i].label);
    }
  }
  EXPECT_NE(SceneGenerator(6, {.pool = 200}).make(0, 1).statements[0].text,
            generator().make(0, 1).statements[0].text);
}

TEST(ScenesGenerator, EveryStatementIsTrueOfOneSceneOfItsPairAndReadsBackToItsLabel) {
  const Grammar grammar(kEnglishGrammar);
  std::set<int> skeletons;
  for (uint64_t number = 0; number < 150; ++number) {
    const auto pair = generator().pair(number, 10);
    int trues = 0;
    for (size_t i = 0; i < 10; ++i) {
      const Statement &a = pair[0].statements[i], &b = pair[1].statements[i];
      EXPECT_EQ(a.text, b.text);
      EXPECT_NE(a.label, b.label);
      trues += a.label;
      skeletons.insert(a.skeleton);
      // The text itself, slips and all, must carry the label.
      const DerivationPtr read = grammar.parse(plain_words(a.text));
      ASSERT_TRUE(read) << a.text;
      EXPECT_EQ(holds(grammar.meaning(*read), pair[0].scene), a.label) << a.text;
      EXPECT_EQ(holds(grammar.meaning(*read), pair[1].scene), b.label) << a.text;
    }
    EXPECT_EQ(trues, 5);
  }
  EXPECT_GT(skeletons.size(), 150u);
}

TEST(ScenesGenerator, TheOrderOfTheBoxesDoesNotMatter) {
  const Grammar grammar(kEnglishGrammar);
  for (uint64_t index = 0; index < 40; ++index) {
    const Sample sample = generator().make(index, 4);
    for (const Statement& statement : sample.statements) {
      const Expression meaning = grammar.meaning(*grammar.parse(plain_words(statement.text)));
      for (int order = 0; order < 6; ++order)
        EXPECT_EQ(holds(meaning, permuted(sample.scene, order)), statement.label) << statement.text;
    }
  }
}

TEST(ScenesCurriculum, AnswersAreRight) {
  Scene scene{Box{{0, 0, 10, Shape::kCircle, Color::kYellow}},
              Box{{40, 70, 30, Shape::kSquare, Color::kBlue}, {10, 10, 20, Shape::kCircle, Color::kBlue}},
              Box{{40, 40, 20, Shape::kTriangle, Color::kBlack},
                  {70, 0, 10, Shape::kTriangle, Color::kBlack},
                  {0, 40, 10, Shape::kCircle, Color::kBlue}}};
  Random random(4);
  std::map<std::string, std::string> answers;
  for (int round = 0; round < 300; ++round)
    for (const Question& question : perception_questions(scene, 6, random)) {
      const auto [known, fresh] = answers.emplace(question.text, question.answer);
      EXPECT_EQ(known->second, question.answer) << question.text;
    }
  EXPECT_EQ(answers.at("How many blue items are in the middle box?"), "2");
  EXPECT_EQ(answers.at("How many circles are there?"), "3");
  EXPECT_EQ(answers.at("Which box has the most items?"), "right");
  EXPECT_EQ(answers.at("What shape is the blue item in the third box?"), "circle");
  EXPECT_EQ(answers.at("What color is the top item in the middle box?"), "blue");
  EXPECT_EQ(answers.at("Is there a blue square touching the bottom in the second box?"), "yes");
  EXPECT_EQ(answers.at("Is there a black triangle in the left box?"), "no");
}

TEST(ScenesCurriculum, YesIsAsFrequentAsNo) {
  Random random(8);
  std::map<std::string, std::map<std::string, int>> counts;
  for (int round = 0; round < 3000; ++round)
    for (const Question& question : perception_questions(sample_scene(Kind::kScattered, random), 4, random))
      ++counts[question.skill][question.answer];
  for (const char* skill : {"exist", "touch"})
    EXPECT_NEAR(static_cast<double>(counts[skill]["yes"]) / counts[skill]["no"], 1, 0.25) << skill;
}

TEST(ScenesPictureFile, GivesBackWhatWasWrittenAndRefusesTheRest) {
  const ::conclave::testing::TempDir dir;
  Random random(9);
  const auto rgb = render(sample_scene(Kind::kScattered, random));
  write_picture(dir / "scene.png", rgb);
  EXPECT_EQ(read_picture(dir / "scene.png"), rgb);
  EXPECT_THROW(read_picture(dir / "none.png"), DataError);
  write_file(dir / "broken.png", "no picture");
  EXPECT_THROW(read_picture(dir / "broken.png"), DataError);
  EXPECT_THROW(check_training(dir.path(), Grammar(kEnglishGrammar)), DataError);
  EXPECT_THROW(SceneGenerator(1, {.pool = 3}), UsageError);
  EXPECT_THROW(generator().pair(0, 65), UsageError);
}

TEST(ScenesRender, MatchesTheRealPictures) {
  CONCLAVE_NEED_DATA("vqa/nlvr/dev/dev.json");
  const auto dev = *::conclave::testing::data_dir() / "vqa" / "nlvr" / "dev";
  std::istringstream lines(read_file(dev / "dev.json"));
  double total = 0, largest = 0;
  int pictures = 0, scenes = 0;
  for (std::string line; std::getline(lines, line) && scenes < 60; ++scenes) {
    const Json entry = parse_json(line, "dev.json");
    Scene scene;
    for (size_t box = 0; box < kBoxes; ++box)
      for (const Json& it : entry["structured_rep"][box]) {
        Item item;
        item.x = it["x_loc"], item.y = it["y_loc"], item.size = it["size"];
        item.shape = it["type"] == "circle"   ? Shape::kCircle
                     : it["type"] == "square" ? Shape::kSquare
                                              : Shape::kTriangle;
        item.color = it["color"] == "Yellow"  ? Color::kYellow
                     : it["color"] == "Black" ? Color::kBlack
                                              : Color::kBlue;
        scene[box].push_back(item);
      }
    for (int order = 0; order < 6; ++order, ++pictures) {
      const auto real =
          read_picture(dev / "images" / entry["directory"].get<std::string>() /
                       fmt::format("dev-{}-{}.png", entry["identifier"].get<std::string>(), order));
      const auto drawn = render(permuted(scene, order));
      EXPECT_EQ(sorted(segment(real)), sorted(permuted(scene, order)));
      double sum = 0;
      for (size_t i = 0; i < real.size(); ++i) sum += std::abs(real[i] - drawn[i]);
      total += sum / static_cast<double>(real.size());
      largest = std::max(largest, sum / static_cast<double>(real.size()));
    }
  }
  std::cout << "mean absolute difference over " << pictures << " pictures: " << total / pictures
            << ", largest " << largest << " of 255\n";
  EXPECT_LT(total / pictures, 0.05);
  EXPECT_LT(largest, 1.0);
}

TEST(ScenesGrammar, ReproducesTheLabelsOfTheTrainingStatements) {
  CONCLAVE_NEED_DATA("vqa/nlvr/train/train-1000.json");
  const TrainingCheck check =
      check_training(*::conclave::testing::data_dir() / "vqa" / "nlvr", Grammar(kEnglishGrammar));
  std::cout << check.parsed << " of " << check.statements << " statements read, " << check.agreed
            << " labels reproduced; with the skeletons that are used " << check.kept << " and "
            << check.kept_agreed << "\n";
  EXPECT_EQ(check.statements, 1000);
  EXPECT_GE(check.parsed, 970);
  EXPECT_GE(check.agreed, check.parsed * 92 / 100);
  EXPECT_GE(check.kept, 850);
  EXPECT_GE(check.kept_agreed, check.kept * 95 / 100);
  // What is shipped is what the training data gives.
  std::string lines = "\n";
  for (const std::string& line : check.skeletons) lines += line + "\n";
  EXPECT_EQ(lines.substr(1), std::string(kSkeletons).substr(kSkeletons.starts_with('\n') ? 1 : 0));
}

}  // namespace
}  // namespace conclave::scenes
