// Statements on scenes made by hand: what the grammar reads, and what it holds to be true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/scene_names.h"
#include "datasets/scenes/english.h"
#include "datasets/scenes/grammar.h"
#include "datasets/scenes/holds.h"
#include "datasets/scenes/words.h"
#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

// From the base up.
Box tower(const std::vector<Color>& colors) {
  Box box;
  for (size_t i = 0; i < colors.size(); ++i)
    box.push_back({kBlockX, static_cast<int16_t>(kBlockY[i]), kBlockSize, kS, colors[i]});
  return box;
}

const Grammar& grammar() {
  static const Grammar grammar(kEnglishGrammar);
  return grammar;
}

bool truth(const std::string& statement, const Scene& scene) {
  const DerivationPtr derivation = grammar().parse(plain_words(statement));
  if (!derivation) throw std::runtime_error("not read: " + statement);
  const Expression meaning = grammar().meaning(*derivation);
  check_places(meaning);
  return holds(meaning, scene);
}

const Scene& towers() {
  static const Scene scene{tower({kY}), tower({kK, kB, kY}), tower({kY, kY, kK, kB})};
  return scene;
}

const Scene& spread_out() {
  static const Scene scene{Box{{70, 10, 30, kC, kB}, {10, 80, 20, kT, kY}, {40, 40, 10, kS, kK}},
                           Box{{20, 20, 20, kT, kB}},
                           Box{{90, 90, 10, kC, kY}, {30, 30, 30, kS, kB}, {62, 30, 20, kC, kB}}};
  return scene;
}

TEST(ScenesExpression, Towers) {
  EXPECT_TRUE(truth("There is a tower with exactly one block.", towers()));
  EXPECT_FALSE(truth("There is a tower with exactly two blocks.", towers()));
  EXPECT_TRUE(truth("there are two towers with a yellow block at the base", towers()));
  EXPECT_FALSE(truth("there is exactly one tower with a yellow block at the base", towers()));
  EXPECT_TRUE(truth("There is a yellow tower.", towers()));
  EXPECT_FALSE(truth("There is a blue tower.", towers()));
  EXPECT_TRUE(truth("There is a blue block on a black block", towers()));
  EXPECT_FALSE(truth("There is a yellow block on a black block", towers()));
  EXPECT_TRUE(truth("There is a black block below a blue block.", towers()));
  EXPECT_TRUE(truth("There is a yellow block as the top of a tower with at least two blocks.", towers()));
  EXPECT_FALSE(truth("There is a black block as the top of a tower.", towers()));
  EXPECT_TRUE(truth("There is a tower with blocks of three different colors", towers()));
  EXPECT_TRUE(truth("the tower with three blocks has a blue block as a middle block", towers()));
  EXPECT_TRUE(truth("There are only two towers that has the same base color.", towers()));
  EXPECT_TRUE(truth("There is 1 tower with 2 yellow blocks stacked together", towers()));
  EXPECT_FALSE(truth("ll the towers have a black block at the top", towers()));
  EXPECT_FALSE(truth("There is no tower with four blocks.", towers()));
}

TEST(ScenesExpression, ScatteredItems) {
  EXPECT_TRUE(truth("There are 4 blue items", spread_out()));
  EXPECT_TRUE(truth("There is 1 box with exactly 1 item", spread_out()));
  EXPECT_TRUE(truth("t least one blue circle is touching the wall", spread_out()));
  EXPECT_TRUE(truth("There is a yellow circle closely touching a corner of a box.", spread_out()));
  EXPECT_FALSE(truth("There is a blue circle touching the base", spread_out()));
  EXPECT_TRUE(truth("There is a circle closely touching right wall of a box.", spread_out()));
  EXPECT_TRUE(truth("There is a box with a black square and a blue circle.", spread_out()));
  EXPECT_FALSE(truth("There is a box with two black circles.", spread_out()));
  EXPECT_TRUE(truth("Each box has at least 1 blue item", spread_out()));
  EXPECT_TRUE(truth("There is a small black square not touching the wall.", spread_out()));
  EXPECT_TRUE(truth("There is a box with only one item that is blue.", spread_out()));
  EXPECT_TRUE(truth("There is a box with only blue and yellow items.", spread_out()));
  EXPECT_TRUE(truth("None of the black squares are touching any edge", spread_out()));
  EXPECT_TRUE(truth("There are two boxes that has the same number of objects.", spread_out()));
  EXPECT_TRUE(truth("There is a box with a blue item closely touching a blue item.", spread_out()));
}

TEST(ScenesExpression, AGapOfOneUnitCountsAsTouchingOnlyWhenAsked) {
  const Scene scene{Box{{1, 40, 10, kC, kY}}, Box{{40, 40, 10, kC, kB}}, Box{{40, 40, 10, kC, kB}}};
  const Expression touches = parse_expression("(count (ge 1) (and (color yellow) (touch any)))");
  EXPECT_TRUE(holds(touches, scene));
  EXPECT_FALSE(holds(touches, scene, 0));
}

TEST(ScenesExpression, ExpressionsAreReadAndCheckedForPlaces) {
  const Expression e = parse_expression("(boxes (ge 2) (count (eq 1) (and (color blue) (not (touch any)))))");
  EXPECT_EQ(to_string(e), "(boxes (ge 2) (count (eq 1) (and (color 2) (not (touch 0)))))");
  EXPECT_NO_THROW(check_places(e));
  EXPECT_THROW(check_places(parse_expression("(color blue)")), UsageError);
  EXPECT_THROW(check_places(parse_expression("(boxes (ge 1) (top))")), UsageError);
  EXPECT_THROW(check_places(parse_expression("(run (ge 1) (true))")), UsageError);
  EXPECT_THROW(check_places(parse_expression("(count (ge 1))")), UsageError);
  EXPECT_THROW(parse_expression("(count (ge 1) (true)"), UsageError);
  EXPECT_THROW(parse_expression("(colour blue)"), UsageError);
  EXPECT_THROW(parse_expression("(color green)"), UsageError);
  EXPECT_THROW(parse_expression("(true))"), UsageError);
}

TEST(ScenesGrammar, RejectsBadRules) {
  EXPECT_THROW(Grammar("S:\n  S one = (true)\n"), UsageError) << "begins with itself";
  EXPECT_THROW(Grammar("S:\n  A one = $1\n"), UsageError) << "A has no rules";
  EXPECT_THROW(Grammar("S:\n  {a/b one = (true)\n"), UsageError);
  EXPECT_THROW(Grammar("S:\n  one = $1\n"), UsageError);
  EXPECT_THROW(Grammar("  one = (true)\n"), UsageError);
}

TEST(ScenesGrammar, TheEarlierRuleCountsAndSlotsStayOpen) {
  Grammar small("S:\n  a N [now] = $1\n  a one = 7\nN*:\n  one = 1\n  two = 2\n");
  const DerivationPtr read = small.parse({"a", "one"});
  ASSERT_TRUE(read);
  EXPECT_EQ(small.meaning(*read).value, 1);
  EXPECT_FALSE(small.parse({"a", "three"}));
  EXPECT_FALSE(small.parse({"a", "one", "one"}));
  const DerivationPtr skeleton = small.skeleton(read);
  EXPECT_THAT(small.words(*skeleton), ::testing::ElementsAre("a", "N"));
  EXPECT_THROW(small.meaning(*skeleton), Error);
  Random random(3);
  EXPECT_TRUE(small.parse(small.words(*small.fill(skeleton, 0, random))));
}

TEST(ScenesWords, MendsSlipsAndReducesForms) {
  const auto plain = [](const char* text) {
    std::string out;
    for (const std::string& word : plain_words(text)) out += (out.empty() ? "" : " ") + word;
    return out;
  };
  EXPECT_EQ(plain("There are 2 Boxes, with atleast  a blue Squares."),
            "there is 2 box , with at least a blue square");
  EXPECT_EQ(plain("ll the towers have a yelloe bloxk/"), "all the tower has a yellow block");
  EXPECT_EQ(plain("The is no circle bellow an item"), "there is no circle below a item");
  EXPECT_EQ(plain(""), "");
}

}  // namespace
}  // namespace conclave::scenes
