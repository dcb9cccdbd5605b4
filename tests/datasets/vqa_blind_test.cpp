// Baselines that never see a picture, and whether a model is above them.
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/vqa_bag_of_words.h"
#include "datasets/vqa_baselines.h"
#include "datasets/vqa_bootstrap.h"
#include "framework/base/error.h"
#include "testing/testing.h"

namespace conclave {
namespace {

VqaSet questions(const std::vector<std::pair<std::string, std::string>>& asked) {
  VqaSet set{"llava", "train", {}};
  for (const auto& [question, answer] : asked)
    set.samples.push_back({std::to_string(set.samples.size()), {}, question, {answer}, ""});
  return set;
}

TEST(BagOfWords, CarriesWordsToNewQuestions) {
  VqaSet train;
  for (const char* thing : {"cup", "table", "lamp", "chair"}) {
    for (const auto& [words, answer] : {std::pair{"what color is the {}?", "white"},
                                        {"How many {}s are there?", "2"},
                                        {"where is the {}?", "floor"}})
      train.samples.push_back({fmt::format("{}{}", train.samples.size(), thing),
                               {},
                               fmt::format(fmt::runtime(words), thing),
                               {answer},
                               ""});
  }
  const BagOfWords bag(train, 0);
  EXPECT_EQ(bag.answer("what COLOR is the sofa ?"), "white");
  EXPECT_EQ(bag.answer("how many windows"), "2");
  EXPECT_EQ(bag.answer("where is a window?"), "floor");
  EXPECT_EQ(MajorityBaseline(train, kWholeQuestion).answer("how many windows"), "2")
      << "only by the alphabet";
}

TEST(BagOfWords, PairsTellOrder) {
  std::vector<std::pair<std::string, std::string>> asked;
  for (int i = 0; i < 4; ++i) {
    asked.emplace_back("red over blue", "yes");
    asked.emplace_back("blue over red", "no");
  }
  const BagOfWords bag(questions(asked), 0);
  EXPECT_EQ(bag.answer("red over blue"), "yes");
  EXPECT_EQ(bag.answer("blue over red"), "no");
}

TEST(BagOfWords, NothingKnownIsTheMostFrequentAnswer) {
  const BagOfWords bag(questions({{"a", "x"}, {"b", "y"}, {"c", "y"}, {"d", "y"}}), 0);
  EXPECT_EQ(bag.answer("something else"), "y");
  EXPECT_EQ(bag.answer(""), "y");
  EXPECT_THROW(BagOfWords({"llava", "train", {}}, 0), UsageError);
}

TEST(BagOfWords, SameSeedSameAnswers) {
  std::vector<std::pair<std::string, std::string>> asked;
  for (int i = 0; i < 200; ++i)
    asked.emplace_back(fmt::format("w{} w{} w{}", i % 7, i % 11, i % 13), std::to_string(i % 5));
  const auto set = questions(asked);
  EXPECT_EQ(BagOfWords(set, 3).answer_all(set), BagOfWords(set, 3).answer_all(set));
}

TEST(BagOfWords, ReachesTheKnownFigureOnDaquar) {
  CONCLAVE_NEED_DATA("vqa/daquar/all_qa_pairs.txt");
  const auto dir = *testing::data_dir() / "vqa" / "daquar";
  const VqaSet train = load_vqa("daquar", dir, "train-single"), test = load_vqa("daquar", dir, "test-single");
  ASSERT_EQ(test.samples.size(), 5076u);
  const double accuracy = score_vqa(test, BagOfWords(train, 0).answer_all(test)).score;
  EXPECT_GT(accuracy, 0.235) << "24 to 25 % can be had without the picture";
  EXPECT_LT(accuracy, 0.26);
}

// Right answers of `count` samples of each group; the groups have different sizes.
VqaScores scores_of(const VqaSet& set, const std::vector<int>& right_by_group) {
  VqaPredictions predictions;
  std::vector<int> left = right_by_group;
  for (const auto& sample : set.samples)
    predictions[sample.id] = left[std::stoul(sample.group)]-- > 0 ? "yes" : "no";
  return score_vqa(set, predictions);
}

VqaSet grouped(const std::vector<int>& sizes) {
  VqaSet set{"llava", "test", {}};
  for (size_t g = 0; g < sizes.size(); ++g) {
    for (int i = 0; i < sizes[g]; ++i)
      set.samples.push_back({fmt::format("{}-{}", g, i), {}, "q", {"yes"}, std::to_string(g)});
  }
  return set;
}

// Two groups can be drawn in three ways, so the distribution is known: both (1/2), twice the one (1/4 each).
TEST(Bootstrap, DrawsWholeGroups) {
  const VqaSet set = grouped({4, 1});
  const auto d = bootstrap_difference(set, scores_of(set, {2, 1}), scores_of(set, {0, 0}), 2000, 1);
  EXPECT_EQ(d.groups, 2);
  EXPECT_DOUBLE_EQ(d.difference, 3.0 / 5);
  EXPECT_DOUBLE_EQ(d.low, 2.0 / 4);
  EXPECT_DOUBLE_EQ(d.high, 1.0);
}

TEST(Bootstrap, IntervalIsThatOfTheNormalApproximation) {
  constexpr int kGroups = 400;
  std::vector<int> sizes(kGroups, 1), ours, theirs;
  for (int g = 0; g < kGroups; ++g) {
    ours.push_back(g % 10 < 6);  // 60 %
    theirs.push_back(g % 2);     // 50 %
  }
  const VqaSet set = grouped(sizes);
  const auto d = bootstrap_difference(set, scores_of(set, ours), scores_of(set, theirs), 10000, 7);
  double square = 0;
  for (int g = 0; g < kGroups; ++g) square += std::pow(ours[g] - theirs[g] - 0.1, 2);
  const double error = std::sqrt(square / kGroups / kGroups);
  EXPECT_NEAR(d.difference, 0.1, 1e-12);
  EXPECT_NEAR(d.low, 0.1 - 1.96 * error, 0.008);
  EXPECT_NEAR(d.high, 0.1 + 1.96 * error, 0.008);
  const auto again = bootstrap_difference(set, scores_of(set, ours), scores_of(set, theirs), 10000, 7);
  EXPECT_EQ(again.low, d.low);
  EXPECT_EQ(again.high, d.high);
}

TEST(Bootstrap, EqualAnswersHaveNoInterval) {
  VqaSet set = grouped({3, 5, 1});
  for (auto& sample : set.samples) sample.group = "";  // each by itself
  VqaPredictions predictions;
  for (const auto& sample : set.samples) predictions[sample.id] = sample.id < "1-3" ? "yes" : "no";
  const auto scores = score_vqa(set, predictions);
  const auto d = bootstrap_difference(set, scores, scores, 100, 0);
  EXPECT_EQ(d.groups, 9);
  EXPECT_EQ(d.difference, 0);
  EXPECT_EQ(d.low, 0);
  EXPECT_EQ(d.high, 0);
  EXPECT_THROW(bootstrap_difference(set, scores, scores, 0, 0), UsageError);
}

}  // namespace
}  // namespace conclave
