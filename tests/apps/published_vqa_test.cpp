// conclave-vqa run with a published model's folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <set>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "testing/process.h"
#include "testing/testing.h"
#include "tests/models/lettered_folder.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Outcome;

/// The small Qwen2.5-VL of the references with a tokenizer, a chat template and a picture processor beside
/// it.
class PublishedFolder : public ::testing::Test {
 protected:
  PublishedFolder() {
    const fs::path from = fs::path(CONCLAVE_SOURCE_DIR) / "tests/parity/qwen2.5-vl";
    fs::create_directory(dir_ / "model");
    for (const char* file : {"config.json", "model.safetensors"})
      fs::copy(from / file, dir_ / "model" / file);
    Json vocabulary = {{"<unk>", 0}, {" ", 3}, {"?", 4}};
    for (char c = 'a'; c <= 'z'; ++c) vocabulary[std::string(1, c)] = vocabulary.size() + 2;
    write("tokenizer.json",
          {{"added_tokens",
            {{{"id", 50}, {"content", "<image>"}, {"special", true}},
             {{"id", 0}, {"content", "<unk>"}, {"special", true}}}},
           {"decoder", {{"type", "Fuse"}}},
           {"model",
            {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}, {"unk_token", "<unk>"}}}});
    write("tokenizer_config.json",
          {{"chat_template",
            "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for part in "
            "m.content %}"
            "{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}{% endif %}{% endfor %}?"}});
    write("preprocessor_config.json", {{"image_processor_type", "Qwen2VLImageProcessor"},
                                       {"image_mean", {0.5, 0.5, 0.5}},
                                       {"image_std", {0.5, 0.5, 0.5}},
                                       {"patch_size", 2},
                                       {"min_pixels", 64},
                                       {"max_pixels", 256}});
    for (const auto& [name, value] : {std::pair{"dark.png", 10}, {"light.png", 240}})
      cv::imwrite((dir_ / name).string(), cv::Mat(12, 9, CV_8UC3, cv::Scalar::all(value)));
  }
  void write(const char* name, const Json& json) { write_file(dir_ / "model" / name, json.dump()); }
  Outcome ask(std::vector<std::string> flags) {
    std::vector<std::string> words = {"conclave-vqa", "run",     "--model",      (dir_ / "model").string(),
                                      "--question",   "what is", "--max-tokens", "4",
                                      "--no-history"};
    words.insert(words.end(), flags.begin(), flags.end());
    return testing::run_program(words);
  }
  std::string picture(const char* name) { return (dir_ / name).string(); }

  testing::TempDir dir_;
};

TEST_F(PublishedFolder, AnswersWithARecord) {
  const Outcome dark = ask({"--image", picture("dark.png"), "--json"});
  EXPECT_EQ(dark.code, 0) << dark.err;
  const Json record = parse_json(dark.out, "stdout");
  EXPECT_EQ(record["question_id"], "0");
  EXPECT_EQ(record["prompt"], "what is");
  EXPECT_EQ(record["model_id"], "model");
  EXPECT_TRUE(record["text"].is_string());
  // 12 x 9 becomes 12 x 8 or its like: tokens of 4 x 4 pixels, behind them seven letters and a sign.
  EXPECT_GT(record["metadata"]["n_prompt_tokens"].get<int>(), 8 + 3);
  const double confidence = record["metadata"]["confidence"].get<double>();
  EXPECT_GT(confidence, 0);
  EXPECT_LE(confidence, 1);
  const Json light = parse_json(ask({"--image", picture("light.png"), "--json"}).out, "stdout");
  EXPECT_NE(light["metadata"]["confidence"], record["metadata"]["confidence"]);
  EXPECT_NE(light["answer_id"], record["answer_id"]);
}

TEST_F(PublishedFolder, TwoPicturesAndNoneAreAnswered) {
  EXPECT_EQ(ask({"--image", picture("dark.png"), "--image", picture("light.png")}).code, 0);
  const Outcome none = ask({});
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_THAT(none.out, HasSubstr("\"what is\""));
}

TEST_F(PublishedFolder, ADryRunChecksTheFolder) {
  EXPECT_THAT(ask({"--image", picture("dark.png"), "--dry-run"}).out,
              HasSubstr("1 questions could be asked of model"));
  fs::remove(dir_ / "model" / "tokenizer_config.json");
  EXPECT_THAT(ask({"--image", picture("dark.png"), "--dry-run"}).err, HasSubstr("has no chat template"));
}

TEST_F(PublishedFolder, WhatCannotBeDoneIsNamed) {
  EXPECT_THAT(ask({"--candidates", "yes"}).err,
              HasSubstr("--candidates: not with a published model's folder"));
  write("preprocessor_config.json", {{"image_processor_type", "OddProcessor"}});
  const Outcome odd = ask({"--image", picture("dark.png"), "--json"});
  EXPECT_EQ(odd.code, 1);
  EXPECT_THAT(odd.out, HasSubstr("OddProcessor"));
}

// Each recorded folder as a user has it, with a tokenizer and a chat template beside the weights.
TEST(PublishedFolders, EveryRecordedLanguageModelAnswers) {
  CONCLAVE_NEED_DATA("parity");
  const testing::TempDir dir;
  const fs::path parity = dir / "parity";
  fs::copy(*testing::data_dir() / "parity", parity, fs::copy_options::recursive);
  const std::set<std::string> kSpeechless = {"dac",      "dac-pth",  "encodec",     "mimi",
                                             "musicgen", "nllb-moe", "unimoe-audio"};
  int answered = 0, told = 0;
  for (const auto& entry : fs::directory_iterator(parity)) {
    if (!entry.is_directory()) continue;
    const auto& folder = entry.path();
    SCOPED_TRACE(folder.filename().string());
    fs::path base = folder;
    if (!fs::exists(folder / "config.json"))
      base =
          folder / read_json(folder / "adapter_config.json").at("base_model_name_or_path").get<std::string>();
    const bool speaks = !kSpeechless.contains(folder.filename().string());
    const Outcome looked = testing::run_program({"conclave-model", "inspect", base.string(), "--json"});
    ASSERT_EQ(looked.code, 0) << looked.err;
    const int64_t tokens = speaks ? parse_json(looked.out, "stdout").at("vocabulary").get<int64_t>() : 40;
    for (const auto& place : {folder, base}) {
      write_file(place / "tokenizer.json", letters(tokens).dump());
      write_file(place / "tokenizer_config.json",
                 Json{{"chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}"}}.dump());
    }
    const Outcome outcome = testing::run_program({"conclave-vqa", "run", "--model", folder.string(),
                                                  "--question", letter(5) + letter(6), "--max-tokens", "2",
                                                  "--json", "--no-history", "--threads", "1"});
    if (speaks) {
      ++answered;
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      EXPECT_EQ(parse_json(outcome.out, "stdout").at("metadata").at("n_prompt_tokens"), 2);
    } else {
      ++told;
      EXPECT_EQ(outcome.code, 2);
      EXPECT_THAT(outcome.err, HasSubstr("not a language model"));
    }
  }
  EXPECT_GE(answered, 29);
  EXPECT_GE(told, 6);
}

}  // namespace
}  // namespace conclave
