#include "apps/vqa/sources.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "framework/base/error.h"
#include "testing/pictures.h"
#include "testing/testing.h"

namespace conclave {
namespace {

PictureInputConfig tiles_of(int64_t size) {
  return PictureInputConfig::from_json({{"policy", "tiles"}, {"size", size}, {"max_tiles", 3}});
}

void expect_same(const std::vector<VqaDraw>& a, const std::vector<VqaDraw>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(at::equal(a[i].tiles_N3SS, b[i].tiles_N3SS));
    ASSERT_EQ(a[i].questions.size(), b[i].questions.size());
    for (size_t q = 0; q < a[i].questions.size(); ++q) {
      EXPECT_EQ(a[i].questions[q].text, b[i].questions[q].text);
      EXPECT_EQ(a[i].questions[q].answer, b[i].questions[q].answer);
    }
  }
}

// What every source promises.
void expect_keeps_its_promise(VqaSource& source) {
  for (const int64_t questions : {1, 5}) {
    Random first(4), second(4), third(5);
    const auto draws = source.draw(first, 7, questions);
    ASSERT_EQ(draws.size(), 7u);
    for (const auto& draw : draws) {
      EXPECT_EQ(draw.questions.size(), static_cast<size_t>(questions));
      EXPECT_EQ(draw.tiles_N3SS.size(1), 3);
    }
    expect_same(draws, source.draw(second, 7, questions));
    const auto others = source.draw(third, 7, questions);
    bool differs = false;
    for (size_t i = 0; i < draws.size(); ++i)
      differs = differs || draws[i].questions[0].text != others[i].questions[0].text ||
                !at::equal(draws[i].tiles_N3SS, others[i].tiles_N3SS);
    EXPECT_TRUE(differs) << "another seed, the same draws";
  }
}

class SetSourceTest : public ::testing::Test {
 protected:
  // Three pictures with three questions each; the answer names both.
  SetSourceTest() {
    set_ = {"llava", "train", {}};
    for (int p = 0; p < 3; ++p) {
      const auto file = dir_ / fmt::format("{}.png", p);
      testing::write_picture(file, p);
      for (int q = 0; q < 3; ++q)
        set_.samples.push_back(
            {fmt::format("{}-{}", p, q), {file}, fmt::format("q{}", q), {fmt::format("a{}{}", p, q)}, ""});
    }
  }
  testing::TempDir dir_;
  VqaSet set_;
};

TEST_F(SetSourceTest, AsksAPictureItsOwnQuestionsWithoutReplacement) {
  SetSource source(set_, tiles_of(24));
  expect_keeps_its_promise(source);
  Random random(1);
  std::set<char> pictures;
  for (const auto& draw : source.draw(random, 40, 7)) {
    std::map<std::string, int> asked;
    const char picture = draw.questions[0].answer[1];
    pictures.insert(picture);
    for (const auto& question : draw.questions) {
      EXPECT_EQ(question.answer, fmt::format("a{}{}", picture, question.text.substr(1)));
      ++asked[question.text];
    }
    ASSERT_EQ(asked.size(), 3u);
    for (const auto& [text, times] : asked) EXPECT_TRUE(times == 2 || times == 3) << text;
  }
  EXPECT_EQ(pictures.size(), 3u);
  EXPECT_EQ(source.texts().size(), 18u);
}

TEST_F(SetSourceTest, PartsHaveNoPictureInCommon) {
  std::set<char> pictures[2];
  for (int part = 0; part < 2; ++part) {
    SetSource source(set_, tiles_of(24), {.from = part == 0 ? 0 : 0.6, .to = part == 0 ? 0.6 : 1});
    Random random(1);
    for (const auto& draw : source.draw(random, 30, 1)) pictures[part].insert(draw.questions[0].answer[1]);
    EXPECT_EQ(source.texts().size(), 6 * pictures[part].size());
  }
  EXPECT_EQ(pictures[0], (std::set<char>{'0', '1'}));
  EXPECT_EQ(pictures[1], (std::set<char>{'2'}));
}

TEST_F(SetSourceTest, BlankOnesShowNothing) {
  SetSource source(set_, tiles_of(24), {.blank = true});
  Random random(1);
  for (int again = 0; again < 2; ++again) {
    for (const auto& draw : source.draw(random, 5, 2))
      EXPECT_EQ(draw.tiles_N3SS.abs().max().item<float>(), 0);
  }
}

TEST_F(SetSourceTest, OfManyAnswersAnyMayBeDrawn) {
  set_.samples.resize(1);
  set_.samples[0].answers = {"x", "y", "z"};
  SetSource source(set_, tiles_of(24));
  Random random(1);
  std::set<std::string> answers;
  for (const auto& draw : source.draw(random, 50, 1)) answers.insert(draw.questions[0].answer);
  EXPECT_EQ(answers, (std::set<std::string>{"x", "y", "z"}));
}

TEST_F(SetSourceTest, RefusesWhatCannotBeLearned) {
  set_.samples[4].answers.clear();
  EXPECT_THROW(SetSource(set_, tiles_of(24)), UsageError);
  set_.samples.clear();
  EXPECT_THROW(SetSource(set_, tiles_of(24)), UsageError);
}

TEST(StatementSource, IsHalfTrue) {
  StatementSource source(0, tiles_of(32));
  expect_keeps_its_promise(source);
  Random random(2);
  std::map<std::string, int> answers;
  for (const auto& draw : source.draw(random, 60, 4)) {
    EXPECT_EQ(draw.tiles_N3SS.sizes(), (at::IntArrayRef{3, 3, 32, 32})) << "a tile a box";
    for (const auto& question : draw.questions) {
      ++answers[question.answer];
      ASSERT_EQ(question.hints.size(), source.hint_classes().size());
      for (size_t h = 0; h < question.hints.size(); ++h) {
        EXPECT_GE(question.hints[h], -1);
        EXPECT_LT(question.hints[h], source.hint_classes()[h]);
      }
    }
  }
  EXPECT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers["true"], answers["false"]);
}

TEST(PerceptionSource, AsksBrieflyOrInSentences) {
  for (const bool brief : {false, true}) {
    PerceptionSource source(brief, tiles_of(32));
    expect_keeps_its_promise(source);
    Random random(3);
    for (const auto& draw : source.draw(random, 20, 6)) {
      for (const auto& question : draw.questions) {
        EXPECT_EQ(question.text.ends_with("?"), !brief) << question.text;
        EXPECT_NE(question.answer, "");
        EXPECT_EQ(question.hints.size(), brief ? 3u : 0u);
      }
    }
  }
}

}  // namespace
}  // namespace conclave
