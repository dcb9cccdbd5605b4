#include "framework/score/text_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/json.h"
#include "testing/testing.h"

namespace conclave {
namespace {

std::string join(const Words& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<ScoredText> split_all(const Json& one, Splitting how) {
  std::vector<ScoredText> texts;
  for (size_t i = 0; i < one["texts"].size(); ++i) {
    ScoredText text{split_words(one["texts"][i].get<std::string>(), how), {}};
    for (const auto& reference : one["references"][i])
      text.references.push_back(split_words(reference.get<std::string>(), how));
    texts.push_back(std::move(text));
  }
  return texts;
}

// Numbers of sacrebleu 2.6, rouge-score 0.1.2 and pycocoevalcap 1.2; data/make_references.py makes them.
TEST(TextScores, EqualTheReferenceTools) {
  const Json cases = read_json(CONCLAVE_SOURCE_DIR "/tests/score/data/text_scores.json");
  ASSERT_EQ(cases.size(), 3U);
  for (const auto& one : cases) {
    const auto how = parse_splitting(one["tokenize"].get<std::string>());
    const auto texts = split_all(one, how);
    for (size_t i = 0; i < texts.size(); ++i)
      EXPECT_EQ(join(texts[i].text), one["words"][i].get<std::string>());
    const auto bleu = corpus_bleu(texts);
    for (size_t n = 0; n < 4; ++n) EXPECT_NEAR(bleu[n], one["bleu"][n].get<double>(), 1e-4) << n + 1;
    const auto plain = split_all(one, Splitting::plain_words);
    for (size_t i = 0; i < plain.size(); ++i) {
      EXPECT_NEAR(rouge_n(plain[i], 1), one["rouge"]["rouge1"][i].get<double>(), 1e-9);
      EXPECT_NEAR(rouge_n(plain[i], 2), one["rouge"]["rouge2"][i].get<double>(), 1e-9);
      EXPECT_NEAR(rouge_l(plain[i]), one["rouge"]["rougeL"][i].get<double>(), 1e-9);
    }
    const auto blanks = split_all(one, Splitting::blanks);
    EXPECT_NEAR(cider_d(blanks), one["cider_d"].get<double>(), 1e-6);
    double coco = 0;
    for (const auto& text : blanks) coco += rouge_l_coco(text);
    EXPECT_NEAR(coco / static_cast<double>(blanks.size()), one["rouge_l_coco"].get<double>(), 1e-9);
  }
}

TEST(TextScores, MeteorByHand) {
  // Two chunks, "the cat" and "sat"; P = 3/4, R = 3/3.
  const ScoredText text{{"the", "cat", "then", "sat"}, {{"the", "cat", "sat"}}};
  const double mean = 10 * 0.75 * 1 / (1 + 9 * 0.75);
  EXPECT_NEAR(meteor_exact(text), mean * (1 - 0.5 * std::pow(2.0 / 3, 3)), 1e-12);
  EXPECT_EQ(meteor_exact({{"x"}, {{"y"}}}), 0);
}

TEST(TextScores, EmptyTextsScoreNothing) {
  const ScoredText empty{{}, {{"a", "b"}}};
  EXPECT_EQ(corpus_bleu({empty})[0], 0);
  EXPECT_EQ(corpus_bleu({})[3], 0);
  EXPECT_EQ(rouge_l(empty), 0);
  EXPECT_EQ(rouge_l_coco(empty), 0);
  EXPECT_EQ(cider_d({empty}), 0);
  EXPECT_EQ(meteor_exact(empty), 0);
  EXPECT_THROW(corpus_bleu({ScoredText{{"a"}, {}}}), UsageError);
}

TEST(TextScores, DistinctRatio) {
  EXPECT_DOUBLE_EQ(distinct_ratio({"a", "a", "b", "a"}), 0.5);
  EXPECT_EQ(distinct_ratio({}), 0);
}

TEST(Words, BrokenBytesAndNames) {
  EXPECT_EQ(split_words("a\xff b", Splitting::blanks).size(), 2U);
  EXPECT_EQ(split_words("左侧 ab", Splitting::characters), (Words{"左", "侧", "a", "b"}));
  EXPECT_EQ(split_words("An Oval-mass, (left).", Splitting::coco_captions),
            (Words{"an", "oval-mass", "left"}));
  EXPECT_THROW(parse_splitting("ptb"), UsageError);
}

}  // namespace
}  // namespace conclave
