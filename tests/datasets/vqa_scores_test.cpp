#include "datasets/vqa_scores.h"

#include <gtest/gtest.h>

#include <sstream>

#include "datasets/vqa_baselines.h"
#include "datasets/vqa_exports.h"
#include "datasets/vqa_normalize.h"
#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "testing/testing.h"

namespace conclave {
namespace {

// data/vqa_normalize.json holds [answer, what the public EvalAI answer processor makes of it].
TEST(NormalizeAnswer, IsThatOfEvalAi) {
  const auto cases = read_json(std::string(CONCLAVE_SOURCE_DIR) + "/tests/datasets/data/vqa_normalize.json");
  ASSERT_GT(cases.size(), 250u);
  for (const auto& c : cases)
    EXPECT_EQ(normalize_answer(c[0].get<std::string>()), c[1].get<std::string>()) << c[0];
}

TEST(NormalizeAnswer, RulesByHand) {
  EXPECT_EQ(normalize_answer("The  Two boxes."), "2 boxes");
  EXPECT_EQ(normalize_answer("1,000"), "1000");
  EXPECT_EQ(normalize_answer("3.5"), "3.5");
  EXPECT_EQ(normalize_answer("t-shirt"), "t shirt");
  EXPECT_EQ(normalize_answer("red - blue-ish"), "red blueish");  // a sign beside a space goes everywhere
  EXPECT_EQ(normalize_answer("couldntve"), "couldntve");
  EXPECT_EQ(normalize_answer("ÄPFEL"), "äpfel");
}

TEST(ExactMatch, ItemsMayComeInAnyOrder) {
  EXPECT_EQ(exact_match("A lamp.", "lamp"), 1);
  EXPECT_EQ(exact_match("cup, Book", "book, cup"), 1);
  EXPECT_EQ(exact_match("cup", "book, cup"), 0);
  EXPECT_EQ(exact_match("cup, cup", "cup"), 0);
  EXPECT_EQ(exact_match("1,000", "1000"), 1);
  EXPECT_EQ(exact_match("", "lamp"), 0);
}

TEST(VqaAccuracy, OneTwoThreeFourAnnotators) {
  std::vector<std::string> answers(10, "no");
  const double expected[] = {0, 0.3, 0.6, 0.9, 1, 1};
  for (int matches = 0; matches <= 5; ++matches) {
    if (matches > 0) answers[matches - 1] = "Yes!";
    EXPECT_NEAR(vqa_accuracy("yes", answers), expected[matches], 1e-12) << matches;
  }
  answers.pop_back();
  EXPECT_THROW(vqa_accuracy("yes", answers), UsageError);
}

VqaSet tiny(const std::string& name) {
  VqaSet set{name, "dev", {}};
  for (const char* id : {"10-0-0", "10-0-1", "10-1-0", "20-0-0"})
    set.samples.push_back({id, {std::string(id) + ".png"}, "There is a box", {"true"}, ""});
  return set;
}

TEST(ScoreVqa, NlvrConsistencyCountsSentences) {
  const auto set = tiny("nlvr");
  auto scores =
      score_vqa(set, {{"10-0-0", "true"}, {"10-0-1", "True"}, {"10-1-0", "false"}, {"20-0-0", "true"}});
  EXPECT_EQ(scores.metric, "exact_match");
  EXPECT_DOUBLE_EQ(scores.score, 0.75);
  EXPECT_DOUBLE_EQ(*scores.consistency, 0.5);  // sentence 10 has one wrong, 20 none
  scores = score_vqa(set, {{"10-0-0", "true"}});
  EXPECT_EQ(scores.missing, 3);
  EXPECT_DOUBLE_EQ(scores.score, 0.25);
  EXPECT_DOUBLE_EQ(*scores.consistency, 0);
  EXPECT_FALSE(score_vqa(tiny("easy-vqa"), {}).consistency.has_value());
}

TEST(ScoreVqa, WhatCannotBeScoredIsRefused) {
  EXPECT_THROW(score_vqa({"llava", "val", {}}, {}), UsageError);
  auto set = tiny("llava");
  set.samples[2].answers.clear();
  EXPECT_THROW(score_vqa(set, {}), UsageError);
}

TEST(MajorityBaseline, PrefixThenOverall) {
  VqaSet train{"easy-vqa", "train", {}};
  const auto add = [&](const char* question, const char* answer) {
    train.samples.push_back({std::to_string(train.samples.size()), {}, question, {answer}, ""});
  };
  add("what color is it ?", "red");
  add("What color is this ?", "blue");
  add("is it red ?", "yes");
  add("is it blue ?", "yes");
  add("is it big ?", "no");
  EXPECT_EQ(MajorityBaseline(train, 0).answer("anything"), "yes");
  const MajorityBaseline prefix(train, 2);
  EXPECT_EQ(prefix.answer("WHAT color was it ?"), "blue");  // a tie: alphabetical order
  EXPECT_EQ(prefix.answer("how many ?"), "yes");
  EXPECT_EQ(MajorityBaseline(train, kWholeQuestion).answer("is it big ?"), "no");
  EXPECT_THROW(MajorityBaseline({"nlvr", "test", {}}, 0), UsageError);
}

double baseline_percent(const std::string& name, const char* train, const char* test, int words) {
  const auto dir = *testing::data_dir() / "vqa" / name;
  const auto set = load_vqa(name, dir, test);
  const MajorityBaseline baseline(load_vqa(name, dir, train), words);
  return 100 * score_vqa(set, baseline.answer_all(set)).score;
}

TEST(MajorityBaseline, GivesThePublishedNumbers) {
  CONCLAVE_NEED_DATA("vqa/daquar/all_qa_pairs.txt");
  CONCLAVE_NEED_DATA("vqa/easy-vqa/train/questions.json");
  CONCLAVE_NEED_DATA("vqa/nlvr/dev/dev.json");
  EXPECT_NEAR(baseline_percent("daquar", "train", "test-single", 0), 5.6, 0.1);
  EXPECT_NEAR(baseline_percent("daquar", "train", "test-single", 4), 15.9, 0.1);
  EXPECT_NEAR(baseline_percent("easy-vqa", "train", "test", kWholeQuestion), 67.0, 0.15);
  EXPECT_NEAR(baseline_percent("nlvr", "train", "dev", 0), 55.31, 0.01);
  EXPECT_NEAR(baseline_percent("nlvr", "train", "test", 0), 56.16, 0.01);
}

TEST(Exports, VqaV2NumbersItsQuestions) {
  VqaSet set{
      "vqav2", "test", {{"262148000", {}, "q", {}, ""}, {"x7", {}, "q", {}, ""}, {"007", {}, "q", {}, ""}}};
  EXPECT_EQ(
      export_vqa("vqav2", set, {{"262148000", "on \"it\""}, {"x7", "two"}}),
      "[{\"question_id\":262148000,\"answer\":\"on \\\"it\\\"\"},{\"question_id\":\"x7\",\"answer\":\"two\"},"
      "{\"question_id\":\"007\",\"answer\":\"\"}]\n");
}

TEST(Exports, NlvrIsTwoColumnsWithThePictureName) {
  EXPECT_EQ(export_vqa("nlvr", tiny("nlvr"), {{"10-0-0", "True."}, {"20-0-0", "false"}}),
            "dev-10-0-0.png,true\ndev-10-0-1.png,\ndev-10-1-0.png,\ndev-20-0-0.png,false\n");
  EXPECT_THROW(export_vqa("nlvr", tiny("daquar"), {}), UsageError);
}

TEST(Exports, LmmsEvalLinesHaveHashesAndScores) {
  std::istringstream lines(export_vqa("lmms-eval", tiny("easy-vqa"), {{"10-0-1", "true"}}));
  std::vector<Json> read;
  for (std::string line; std::getline(lines, line);) read.push_back(Json::parse(line));
  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(read[1].at("doc_id"), 1);
  EXPECT_EQ(read[1].at("target"), "true");
  EXPECT_EQ(read[1].at("resps").dump(), R"([["true"]])");
  EXPECT_EQ(read[1].at("filtered_resps").dump(), R"(["true"])");
  EXPECT_EQ(read[1].at("exact_match"), 1.0);
  EXPECT_EQ(read[0].at("exact_match"), 0.0);
  EXPECT_EQ(read[1].at("target_hash"), sha256("true"));
  EXPECT_EQ(read[1].at("prompt_hash"), sha256("There is a box"));
  EXPECT_NE(read[1].at("doc_hash"), read[0].at("doc_hash"));
}

TEST(Exports, VlmEvalKitQuotesItsCells) {
  VqaSet set{"llava", "val", {{"1", {"a.png"}, "say \"a\tb\"", {"x"}, ""}, {"2", {"a", "b"}, "q", {}, ""}}};
  EXPECT_EQ(export_vqa("vlmevalkit", set, {{"1", "line\nend"}}),
            "index\timage_path\tquestion\tanswer\tprediction\n"
            "1\ta.png\t\"say \"\"a\tb\"\"\"\tx\t\"line\nend\"\n"
            "2\t\"[\"\"a\"\",\"\"b\"\"]\"\tq\t\t\n");
  EXPECT_THROW(export_vqa("excel", set, {}), UsageError);
}

}  // namespace
}  // namespace conclave
