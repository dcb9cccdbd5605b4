// conclave-model end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <sstream>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "testing/process.h"
#include "testing/testing.h"
#include "testing/vision_folder.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Outcome;

Outcome model(std::vector<std::string> words) {
  words.insert(words.begin(), "conclave-model");
  words.push_back("--no-history");
  return testing::run_program(words);
}

std::string parity(const char* folder) {
  return (*testing::data_dir() / "parity" / folder).string();
}

TEST(ModelProgram, VerifyPrintsOneRecordForEachFolder) {
  CONCLAVE_NEED_DATA("parity/olmoe");
  CONCLAVE_NEED_DATA("parity/deepseek-v2");
  const Outcome outcome = model({"verify", parity("olmoe"), "nowhere", parity("deepseek-v2"), "--json"});
  EXPECT_EQ(outcome.code, 1);
  std::istringstream lines(outcome.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const Json first = parse_json(line, "stdout");
  EXPECT_EQ(first["architecture"], "OLMoE");
  EXPECT_EQ(first["pass"], true);
  EXPECT_EQ(first["experts_equal"], true);
  EXPECT_EQ(first["tokens_equal"], true);
  EXPECT_LT(first["largest_difference"]["logits"], 1e-4);
  EXPECT_TRUE(first["first_difference"].is_null());
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(parse_json(line, "stdout")["error"]["message"], HasSubstr("is not a folder"));
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(parse_json(line, "stdout")["architecture"], "DeepSeek-V2");
}

TEST(ModelProgram, InspectCountsWithoutReading) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  const Outcome outcome = model({"inspect", parity("qwen3-moe"), "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json summary = parse_json(outcome.out, "stdout");
  EXPECT_EQ(summary["architecture"], "Qwen3-MoE");
  EXPECT_EQ(summary["experts"], 8);
  EXPECT_EQ(summary["experts_per_token"], 3);
  EXPECT_LT(summary["active_parameters"], summary["parameters"]);
}

TEST(ModelProgram, ConvertWritesSafetensors) {
  CONCLAVE_NEED_DATA("parity/dac-pth");
  const testing::TempDir dir;
  const auto to = (dir / "dac").string();
  const Outcome outcome = model({"convert", parity("dac-pth") + "/weights_16khz.pth", to, "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "stdout")["tensors"], 259);
  const Outcome inspected = model({"inspect", to, "--json"});
  EXPECT_EQ(parse_json(inspected.out, "stdout")["architecture"], "DAC");
  // A second time would write over the first.
  const Outcome again = model({"convert", parity("dac-pth"), to});
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("has model.safetensors already"));
}

TEST(ModelProgram, FoldersThatAreNoneAreErrors) {
  const Outcome outcome = model({"inspect", "/nowhere"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is not a folder"));
}

/// A small model with a tokenizer of letters and a chat template beside it.
class SpokenTo : public ::testing::Test {
 protected:
  SpokenTo() { use(fs::path(CONCLAVE_SOURCE_DIR) / "tests/parity/qwen3"); }
  // The weights of this folder.
  void use(const fs::path& from) {
    for (const char* file : {"config.json", "model.safetensors"})
      fs::copy(from / file, dir_ / file, fs::copy_options::overwrite_existing);
    Json vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}, {" ", 3}, {":", 4}, {"?", 5}};
    for (char c = 'a'; c <= 'z'; ++c) vocabulary[std::string(1, c)] = vocabulary.size();
    const Json tokenizer = {
        {"added_tokens",
         {{{"id", 1}, {"content", "<s>"}, {"special", true}},
          {{"id", 0}, {"content", "<unk>"}, {"special", true}}}},
        {"decoder", {{"type", "Fuse"}}},
        {"model",
         {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}, {"unk_token", "<unk>"}}}};
    write_file(dir_ / "tokenizer.json", tokenizer.dump());
    write_file(
        dir_ / "tokenizer_config.json",
        Json{{"chat_template", "{% for m in messages %}{{ m.role[0] }}: {{ m.content }}? {% endfor %}"}}
            .dump());
  }
  /// `lines` on stdin of `conclave-model chat`.
  Outcome chat(const std::string& lines, const std::string& flags) {
    write_file(dir_ / "lines", lines);
    return testing::run_program({"/bin/sh", "-c",
                                 fmt::format("'{}' chat '{}' --no-history --max-tokens 6 {} < '{}'",
                                             testing::program_path("conclave-model").string(),
                                             dir_.path().string(), flags, (dir_ / "lines").string())});
  }
  std::string folder() const { return dir_.path().string(); }

  testing::TempDir dir_;
};

TEST_F(SpokenTo, RunWritesTextOrARecord) {
  const Outcome plain = model({"run", folder(), "--prompt", "what is", "--max-tokens", "8"});
  EXPECT_EQ(plain.code, 0) << plain.err;
  const Outcome record = model({"run", folder(), "--prompt", "what is", "--max-tokens", "8", "--json"});
  const Json json = parse_json(record.out, "stdout");
  EXPECT_EQ(json["text"].get<std::string>() + "\n", plain.out);
  EXPECT_EQ(json["prompt_tokens"], 7);
  EXPECT_EQ(json["tokens"].size(), 8u);
  double sum = 0;
  for (const auto& token : json["tokens"]) sum += token["log_prob"].get<double>();
  EXPECT_NEAR(json["log_prob"].get<double>(), sum, 1e-9);
}

TEST_F(SpokenTo, TuneLearnsAnAdapterThatRunFinds) {
  std::string rows;
  for (char c = 'a'; c <= 't'; ++c)
    rows += Json({{"prompt", std::string("say ") + c}, {"reply", std::string(3, c)}}).dump() + "\n";
  const testing::TempDir made;
  write_file(made / "rows.jsonl", rows);
  const std::string adapter = (made / "adapter").string();
  const std::vector<std::string> words = {"tune",   folder(),  "--data",  (made / "rows.jsonl").string(),
                                          "--out",  adapter,   "--steps", "40",
                                          "--rate", "0.02",    "--batch", "6",
                                          "--json", "--every", "20"};
  const Outcome tuned = model(words);
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  std::istringstream lines(tuned.out);
  std::vector<double> losses;
  for (std::string line; std::getline(lines, line);)
    if (const Json json = parse_json(line, "stdout"); json.contains("nll"))
      losses.push_back(json["nll"].get<double>());
  ASSERT_EQ(losses.size(), 3u);  // before, at 20 and at 40
  EXPECT_LT(losses.back(), losses.front());
  const Outcome said = model({"run", adapter, "--prompt", "say c", "--max-tokens", "3", "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(parse_json(said.out, "stdout")["prompt_tokens"], 5);
  // The same command finds it done; another one does not go on in its folder.
  EXPECT_EQ(model(words).code, 0);
  auto other = words;
  other.insert(other.end(), {"--rank", "3"});
  EXPECT_THAT(model(other).err, HasSubstr("was begun with another rank: give another --out"));
  // From there with other rows.
  const Outcome on = model({"tune", folder(), "--data", (made / "rows.jsonl").string(), "--from", adapter,
                            "--out", (made / "on").string(), "--steps", "2"});
  EXPECT_EQ(on.code, 0) << on.err;
  write_file(made / "bad.jsonl", "{\"prompt\": \"a\"}\n");
  const Outcome bad =
      model({"tune", folder(), "--data", (made / "bad.jsonl").string(), "--out", (made / "bad").string()});
  EXPECT_NE(bad.code, 0);
  EXPECT_THAT(bad.err, HasSubstr("line 1: must have text, prompt and reply, or messages"));
}

std::vector<Json> records_of(const std::string& out) {
  std::vector<Json> records;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) records.push_back(parse_json(line, "stdout"));
  return records;
}

// Rows with adapters of their own in one batch; what is wrong with one row leaves the others.
TEST_F(SpokenTo, RunAnswersAFileOfPromptsThroughAdapters) {
  const testing::TempDir made;
  std::string rows;
  for (char c = 'a'; c <= 'k'; ++c)
    rows += Json({{"prompt", std::string("say ") + c}, {"reply", std::string(3, c)}}).dump() + "\n";
  write_file(made / "rows.jsonl", rows);
  for (const char* name : {"x", "y"})
    ASSERT_EQ(
        model({"tune", folder(), "--data", (made / "rows.jsonl").string(), "--out", (made / name).string(),
               "--steps", "4", "--rate", "0.05", "--seed", name[0] == 'x' ? "1" : "2"})
            .code,
        0);
  write_file(made / "prompts.jsonl", R"({"prompt": "say b", "adapter": "x"})"
                                     "\n"
                                     R"({"question_id": "base", "text": "say b"})"
                                     "\n{\n"
                                     R"({"prompt": "say b", "adapter": "z"})"
                                     "\n"
                                     R"({"prompt": "longer than that", "adapter": "y"})"
                                     "\n"
                                     R"({"messages": [{"role": "user", "content": "say b"}], "adapter": "y"})"
                                     "\n");
  const std::vector<std::string> ask = {"run",       folder(),
                                        "--adapter", "x=" + (made / "x").string(),
                                        "--adapter", "y=" + (made / "y").string(),
                                        "--input",   (made / "prompts.jsonl").string(),
                                        "--json",    "--max-tokens",
                                        "6"};
  const Outcome outcome = model(ask);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const auto records = records_of(outcome.out);
  ASSERT_EQ(records.size(), 6u);
  EXPECT_EQ(records[0]["question_id"], "1");
  EXPECT_EQ(records[1]["question_id"], "base");
  EXPECT_TRUE(records[2].contains("error"));
  EXPECT_THAT(records[3]["error"]["message"].get<std::string>(),
              HasSubstr("no adapter 'z' here (there are x, y)"));
  const auto alone = [&](const std::string& from, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"run", from, "--max-tokens", "6", "--json"});
    return records_of(model(flags).out).at(0);
  };
  const auto same = [](const Json& a, const Json& b) {
    EXPECT_EQ(a["text"], b["text"]);
    EXPECT_NEAR(a["log_prob"].get<double>(), b["log_prob"].get<double>(), 1e-5);
  };
  same(records[0], alone((made / "x").string(), {"--prompt", "say b"}));
  same(records[1], alone(folder(), {"--prompt", "say b"}));
  same(records[4], alone((made / "y").string(), {"--prompt", "longer than that"}));
  same(records[5], alone((made / "y").string(), {"--prompt", "say b", "--chat"}));
  EXPECT_NE(records[0]["log_prob"], records[1]["log_prob"]);
  // Into a file, in two goes: what failed is tried again.
  auto into = ask;
  into.insert(into.end(), {"--out", (made / "out.jsonl").string()});
  EXPECT_EQ(model(into).code, 1);
  EXPECT_EQ(model(into).code, 2) << "it is there already";
  into.push_back("--resume");
  EXPECT_EQ(model(into).code, 1);
  EXPECT_EQ(records_of(read_file(made / "out.jsonl")).size(), 6u);
  EXPECT_EQ(model({"run", folder()}).code, 2);
  EXPECT_THAT(model({"run", folder(), "--prompt", "a", "--adapter", "x"}).err,
              HasSubstr("must be NAME=FOLDER"));
  EXPECT_EQ(
      alone(folder(), {"--prompt", "say b", "--use", "x", "--adapter", "x=" + (made / "x").string()})["text"],
      records[0]["text"]);
}

TEST_F(SpokenTo, QuantizeWritesAFileThatSpeaksAlike) {
  const testing::TempDir made;
  const std::string file = (made / "small" / "model.gguf").string();
  const Outcome written = model({"quantize", folder(), file, "--weights", "none", "--json"});
  ASSERT_EQ(written.code, 0) << written.err;
  EXPECT_EQ(parse_json(written.out, "stdout")["packed"], 0);
  const auto said = [](const std::string& from) {
    return model({"run", from, "--prompt", "what is", "--max-tokens", "8"}).out;
  };
  EXPECT_EQ(said((made / "small").string()), said(folder()));
  EXPECT_THAT(model({"quantize", folder(), file}).err, HasSubstr("is there already"));
  EXPECT_THAT(model({"quantize", folder(), (made / "x.bin").string()}).err, HasSubstr("must end in .gguf"));
}

TEST_F(SpokenTo, InspectTellsTheExpertsOfEachToken) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  use(parity("qwen3-moe"));
  const Outcome outcome = model({"inspect", folder(), "--prompt", "what is", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json record = parse_json(outcome.out, "stdout");
  std::map<int, std::string> words;  // by layer
  for (const Json& token : record["routing"]) {
    words[token["site"]] += token["word"].get<std::string>();
    EXPECT_EQ(token["part"], "question");
    ASSERT_EQ(token["experts"].size(), 3u);
    for (const int expert : token["experts"]) EXPECT_TRUE(expert >= 0 && expert < 8);
    EXPECT_GE(token["weights"][0], token["weights"][1]);
  }
  ASSERT_FALSE(words.empty());
  for (const auto& [layer, text] : words) EXPECT_EQ(text, "what is") << layer;
  const Json said = parse_json(
      model({"run", folder(), "--prompt", "what is", "--max-tokens", "1", "--json"}).out, "stdout");
  EXPECT_EQ(record["text"], said["tokens"][0]["text"]);
  EXPECT_NEAR(std::log(record["metadata"]["confidence"].get<double>()), said["tokens"][0]["log_prob"], 1e-3);
  EXPECT_THAT(model({"inspect", folder(), "--prompt", "what is"}).out, HasSubstr("L0"));
  // Of many, what cannot be read leaves the others.
  write_file(dir_ / "texts.jsonl",
             Json{{"question_id", 7}, {"text", "a"}}.dump() + "\n{\n" +
                 Json{{"question_id", "long"}, {"text", std::string(5000, 'a')}}.dump() + "\n");
  const Outcome many = model({"inspect", folder(), "--prompts", (dir_ / "texts.jsonl").string(), "--json"});
  EXPECT_EQ(many.code, 1);
  std::istringstream lines(many.out);
  std::vector<Json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(parse_json(line, "stdout"));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]["question_id"], "7");
  EXPECT_TRUE(records[1].contains("error"));
  EXPECT_THAT(records[2]["error"]["message"].get<std::string>(), HasSubstr("context"));
  EXPECT_EQ(model({"inspect", folder(), "--prompt", ""}).code, 2);
}

TEST_F(SpokenTo, AModelWithoutExpertsHasNoRouting) {
  const Outcome outcome = model({"inspect", folder(), "--prompt", "what is", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "stdout")["routing"], Json::array());
}

Json processor_of(const char* type, const Json& more) {
  Json processor = {
      {"image_processor_type", type}, {"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.5, 0.5, 0.5}}};
  processor.update(more);
  return processor;
}

// The patches of `record` by layer, and the words of the question of any layer.
std::map<int, int> patch_counts(const Json& record, std::string* words) {
  std::map<int, int> counts;
  for (const Json& token : record["routing"]) {
    if (token["part"] == "pictures") {
      EXPECT_EQ(token["token"], counts[token["site"]]++);
      EXPECT_EQ(token["modality"], "vision");
      EXPECT_FALSE(token.contains("word"));
    } else if (token["site"] == record["routing"].back()["site"]) {
      *words += token["word"].get<std::string>();
    }
    EXPECT_FALSE(token["experts"].empty());
  }
  return counts;
}

TEST(VisionModel, InspectTellsTheExpertsOfEachPatch) {
  CONCLAVE_NEED_DATA("parity/qwen3_vl_moe");
  const testing::TempDir dir;
  testing::make_vision_folder(
      dir / "model", parity("qwen3_vl_moe"),
      processor_of("Qwen2VLImageProcessor", {{"patch_size", 16}, {"min_pixels", 1024}, {"max_pixels", 6144}}),
      251);
  cv::imwrite((dir / "wide.png").string(), cv::Mat(64, 96, CV_8UC3, cv::Scalar::all(200)));
  cv::imwrite((dir / "small.png").string(), cv::Mat(33, 31, CV_8UC3, cv::Scalar::all(20)));
  const auto asked = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"inspect", (dir / "model").string()});
    return model(flags);
  };
  const Outcome two = asked({"--prompt", "what is", "--image", (dir / "wide.png").string(), "--image",
                             (dir / "small.png").string(), "--json"});
  ASSERT_EQ(two.code, 0) << two.err;
  const Json record = parse_json(two.out, "stdout");
  EXPECT_EQ(record["images"].size(), 2u);
  EXPECT_EQ(record["metadata"]["patches"],
            parse_json(R"([{"picture":0,"area":[0.0,0.0,96.0,64.0],"rows":2,"columns":3},
                           {"picture":1,"area":[0.0,0.0,31.0,33.0],"rows":1,"columns":1}])",
                       "expected"));
  std::string words;
  const auto counts = patch_counts(record, &words);
  EXPECT_EQ(counts.size(), 3u) << "layers";
  for (const auto& [layer, count] : counts) EXPECT_EQ(count, 7) << layer;
  EXPECT_EQ(words, "what is?") << "by the chat template";
  EXPECT_EQ(record["metadata"]["n_question_tokens"], 8);
  EXPECT_THAT(asked({"--prompt", "what", "--image", (dir / "wide.png").string()}).out,
              HasSubstr("[1 patch 5]"));
  // A file of questions; pictures lie beside it. What cannot be read leaves the others.
  write_file(dir / "set.jsonl", R"({"question_id":"a","image":"wide.png","text":"b"})"
                                "\n"
                                R"({"question_id":"c","image":"gone.png","text":"d"})"
                                "\n"
                                R"({"question_id":"e","text":"no picture"})"
                                "\n");
  const Outcome set = asked({"--prompts", (dir / "set.jsonl").string(), "--json"});
  EXPECT_EQ(set.code, 1);
  std::istringstream lines(set.out);
  std::vector<Json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(parse_json(line, "stdout"));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]["image"], "wide.png");
  EXPECT_EQ(records[0]["metadata"]["patches"].size(), 1u);
  EXPECT_THAT(records[1]["error"]["message"].get<std::string>(), HasSubstr("gone.png"));
  EXPECT_FALSE(records[2]["metadata"].contains("patches"));
  EXPECT_EQ(asked({"--image", (dir / "wide.png").string()}).code, 2) << "nothing is asked";
}

TEST(VisionModel, APictureThatIsAskedAboutAgainIsSeenOnce) {
  CONCLAVE_NEED_DATA("parity/qwen3_vl_moe");
  const testing::TempDir dir;
  testing::make_vision_folder(
      dir / "model", parity("qwen3_vl_moe"),
      processor_of("Qwen2VLImageProcessor", {{"patch_size", 16}, {"min_pixels", 1024}, {"max_pixels", 6144}}),
      251);
  cv::imwrite((dir / "wide.png").string(), cv::Mat(64, 96, CV_8UC3, cv::Scalar::all(200)));
  write_file(dir / "rows.jsonl", R"({"text": "what", "image": "wide.png"})"
                                 "\n"
                                 R"({"text": "where", "images": ["wide.png", "wide.png"]})"
                                 "\n");
  const std::vector<std::string> ask = {
      "run",    (dir / "model").string(), "--input", (dir / "rows.jsonl").string(),
      "--chat", "--max-tokens",           "5",       "--json"};
  auto without = ask;
  without.push_back("--no-cache");
  const Outcome kept = model(ask), anew = model(without);
  ASSERT_EQ(kept.code, 0) << kept.err;
  const auto a = records_of(kept.out), b = records_of(anew.out);
  ASSERT_EQ(a.size(), 2u);
  EXPECT_EQ(a[0]["seen_pictures"], 1);
  EXPECT_EQ(a[1]["seen_pictures"], 0);
  EXPECT_EQ(b[1]["seen_pictures"], 2);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(a[i]["text"], b[i]["text"]);
    EXPECT_NEAR(a[i]["log_prob"].get<double>(), b[i]["log_prob"].get<double>(), 1e-4);
  }
  // In a conversation, too.
  write_file(dir / "lines", "/image " + (dir / "wide.png").string() + "\nwhat\n");
  const Outcome chat =
      testing::run_program({"/bin/sh", "-c",
                            fmt::format("'{}' chat '{}' --no-history --max-tokens 5 --json < '{}'",
                                        testing::program_path("conclave-model").string(),
                                        (dir / "model").string(), (dir / "lines").string())});
  ASSERT_EQ(chat.code, 0) << chat.err;
  EXPECT_EQ(records_of(chat.out).at(0)["text"], a[0]["text"]);
}

TEST(VisionModel, PatchesOfSquarePicturesLieWhereTheyWereCut) {
  CONCLAVE_NEED_DATA("parity/moe_llava-phi2");
  const testing::TempDir dir;
  testing::make_vision_folder(
      dir / "model", parity("moe_llava-phi2"),
      processor_of("CLIPImageProcessor",
                   {{"size", {{"shortest_edge", 28}}}, {"crop_size", {{"height", 28}, {"width", 28}}}}),
      -1);
  cv::imwrite((dir / "wide.png").string(), cv::Mat(56, 112, CV_8UC3, cv::Scalar::all(200)));
  const Outcome outcome = model({"inspect", (dir / "model").string(), "--prompt", "what is", "--image",
                                 (dir / "wide.png").string(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json record = parse_json(outcome.out, "stdout");
  EXPECT_EQ(record["metadata"]["patches"],
            parse_json(R"([{"picture":0,"area":[28.0,0.0,56.0,56.0],"rows":2,"columns":2}])", "expected"))
      << "the middle of a picture that is twice as wide as high";
  std::string words;
  for (const auto& [layer, count] : patch_counts(record, &words)) EXPECT_EQ(count, 4) << layer;
  EXPECT_EQ(words, "what is") << "without a chat template";
}

TEST_F(SpokenTo, APictureIsRefusedByAModelOfWords) {
  cv::imwrite((dir_ / "a.png").string(), cv::Mat(8, 8, CV_8UC3));
  const Outcome told = model({"inspect", folder(), "--prompt", "what", "--image", (dir_ / "a.png").string()});
  EXPECT_EQ(told.code, 2);
  EXPECT_THAT(told.err, HasSubstr("reads no pictures"));
  // The same questions are asked of every model: this one reads the words.
  write_file(dir_ / "set.jsonl", R"({"question_id":"a","image":"a.png","text":"what"})");
  const Outcome set = model({"inspect", folder(), "--prompts", (dir_ / "set.jsonl").string(), "--json"});
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_EQ(parse_json(set.out, "stdout")["image"], "a.png");
}

TEST_F(SpokenTo, RunFollowsTheSamplingOptions) {
  const auto text = [&](const char* seed) {
    return model({"run", folder(), "--prompt", "what", "--temperature", "2", "--top-k", "20", "--top-p",
                  "0.95", "--min-p", "0.001", "--repetition-penalty", "1.1", "--max-tokens", "20", "--seed",
                  seed})
        .out;
  };
  EXPECT_EQ(text("1"), text("1"));
  EXPECT_NE(text("1"), text("2"));
  const Outcome wrong = model({"run", folder(), "--prompt", "a", "--top-p", "0"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("top_p"));
}

TEST_F(SpokenTo, APromptLongerThanTheContextIsAnError) {
  const Outcome outcome = model({"run", folder(), "--prompt", std::string(70, 'a')});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("the prompt has 70 tokens"));
  EXPECT_THAT(outcome.err, HasSubstr("holds 64"));
}

TEST_F(SpokenTo, ATokenizerThatDoesNotFitIsAnError) {
  Json tokenizer = read_json(dir_ / "tokenizer.json");
  tokenizer["added_tokens"][0]["id"] = 77;
  write_file(dir_ / "tokenizer.json", tokenizer.dump());
  const Outcome outcome = model({"run", folder(), "--prompt", "a"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("does not fit the vocabulary: it has ids up to 77"));
  fs::remove(dir_ / "tokenizer.json");
  EXPECT_THAT(model({"run", folder(), "--prompt", "a"}).err, HasSubstr("has no tokenizer"));
}

TEST_F(SpokenTo, ChatKeepsItsHistoryUntilReset) {
  const Outcome outcome = chat("hi\nred\n/reset\nhi\n/exit\nnever\n", "--json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  std::vector<Json> replies;
  for (std::string line; std::getline(lines, line);) replies.push_back(parse_json(line, "stdout"));
  ASSERT_EQ(replies.size(), 3u);
  EXPECT_EQ(replies[0]["prompt_tokens"], 7);  // "u: hi? "
  EXPECT_EQ(replies[1]["prompt_tokens"], 7 + 5 + replies[0]["text"].get<std::string>().size() + 8);
  EXPECT_EQ(replies[2]["text"], replies[0]["text"]);
  EXPECT_NEAR(replies[2]["log_prob"], replies[0]["log_prob"], 1e-5);
  EXPECT_EQ(replies[0]["read_tokens"], 7);
  EXPECT_EQ(replies[2]["read_tokens"], 1) << "the rest was read before";
  EXPECT_THAT(chat("hi\n", "--system be").out, HasSubstr("\n"));
}

TEST_F(SpokenTo, ChatNeedsATemplate) {
  fs::remove(dir_ / "tokenizer_config.json");
  const Outcome outcome = chat("hi\n", "");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("has no chat template"));
  EXPECT_THAT(model({"run", folder(), "--prompt", "a", "--chat"}).err,
              HasSubstr("looked for chat_template.jinja"));
}

}  // namespace
}  // namespace conclave
