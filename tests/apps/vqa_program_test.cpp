// conclave-vqa from end to end: a small model is trained on pictures made here, then asked, scored, exported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/history/store.h"
#include "media/encode_video.h"
#include "testing/pictures.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
namespace fs = std::filesystem;

constexpr int kPictures = 6;

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line, "line"));
  return lines;
}

std::string recipe() {
  const Json vision = {
      {"kind", "conv"}, {"image", 16}, {"widths", {8, 16}}, {"strides", {4, 2}}, {"groups", 4}};
  const Json moe = {{"variant", "modality-aware"}, {"experts", 4}, {"hidden", 24}};
  const Json text = {{"width", 32}, {"layers", 2}, {"heads", 4}, {"ffn", {{"hidden", 48}}}, {"moe", moe}};
  const Json model = {
      {"max_tiles", 4}, {"vision", vision}, {"connector", {{"kind", "mlp2x_gelu"}}}, {"text", text}};
  const Json mix = Json::array({{{"source", "own"}, {"pictures", 4}, {"questions", 1}}});
  const Json stage = {{"name", "all"},
                      {"mix", mix},
                      {"losses", Json::array()},
                      {"train", {{"steps", 3}, {"schedule", {{"kind", "constant"}, {"peak", 1e-3}}}}}};
  return Json{{"name", "tiny"},
              {"vocabulary", 300},
              {"picture", {{"policy", "stretch"}, {"size", 16}}},
              {"model", model},
              {"sources", {{"own", {{"kind", "llava"}, {"split", "train"}}}}},
              {"stages", Json::array({stage})}}
      .dump();
}

class VqaProgram : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<testing::TempDir>();
    const fs::path data = data_dir();
    fs::create_directories(data / "images");
    std::string questions;
    for (int i = 0; i < kPictures; ++i) {
      testing::write_picture(data / "images" / fmt::format("{}.png", i), i);
      questions += Json{{"question_id", fmt::format("q{}", i)},
                        {"image", fmt::format("{}.png", i)},
                        {"text", i % 2 ? "is it red" : "is it blue"},
                        {"answer", i % 3 ? "yes" : "no"}}
                       .dump() +
                   "\n";
    }
    write_file(data / "train.jsonl", questions);
    write_file(data / "test.jsonl", questions);
    write_file(*shared_ / "recipe.json", recipe());
    const Outcome trained =
        vqa({"train", "--recipe", *shared_ / "recipe.json", "--data", data, "--out", model()});
    ASSERT_EQ(trained.code, 0) << trained.err;
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static fs::path data_dir() { return *shared_ / "llava"; }
  static fs::path model() { return *shared_ / "tiny"; }
  static std::string picture(int i) { return data_dir() / "images" / fmt::format("{}.png", i); }
  static Outcome vqa(std::vector<std::string> words) {
    words.insert(words.begin(), "conclave-vqa");
    return testing::run_program(words, {{"CONCLAVE_HISTORY", (*shared_ / "history.db").string()},
                                        {"XDG_CONFIG_HOME", (*shared_ / "config").string()},
                                        {"XDG_STATE_HOME", (*shared_ / "state").string()},
                                        {"OMP_NUM_THREADS", "1"}});
  }
  static Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "--model", model()});
    return vqa(words);
  }
  testing::TempDir dir_;

 private:
  static std::unique_ptr<testing::TempDir> shared_;
};
std::unique_ptr<testing::TempDir> VqaProgram::shared_;

TEST_F(VqaProgram, AnswersWithARecord) {
  const Outcome outcome =
      run({"--image", picture(0), "--image", picture(1), "--question", "is it red", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 1u);
  const Json& record = lines[0];
  EXPECT_EQ(record["question_id"], "0");
  EXPECT_EQ(record["images"].size(), 2u);
  EXPECT_EQ(record["prompt"], "is it red");
  EXPECT_EQ(record["model_id"], "tiny");
  const Json& metadata = record["metadata"];
  ASSERT_GE(metadata["topk"].size(), 2u);
  EXPECT_GE(metadata["topk"][0][1], metadata["topk"][1][1]);
  EXPECT_EQ(metadata["topk"][0][0], record["text"]);
  EXPECT_EQ(metadata["topk"][0][1], metadata["confidence"]);
  EXPECT_EQ(metadata["n_visual_tokens"], 8);  // two pictures of 2 x 2
  EXPECT_EQ(metadata["input_size"], Json::parse("[[24,24],[24,24]]"));
  EXPECT_EQ(metadata["resized_to"], Json::parse("[[16,16],[16,16]]"));
  ASSERT_EQ(metadata["router"].size(), 2u) << "two MoE layers";
  EXPECT_EQ(metadata["router"]["0"]["vision"].size(), 4u);
  EXPECT_EQ(metadata["router"]["0"]["vision"][3], 0) << "the words' own expert";

  const Outcome people = run({"--image", picture(0), "--question", "is it red"});
  EXPECT_THAT(people.out, HasSubstr("\"is it red\"   "));
  EXPECT_THAT(people.out, HasSubstr("picture tokens: e"));
}

TEST_F(VqaProgram, SaysWhichWordsItNeverLearnt) {
  EXPECT_EQ(read_file(model() / "words.txt"), "blue\nis\nit\nno\nred\nyes\n");
  const auto ask = [&](const std::string& question, bool json) {
    std::vector<std::string> words = {"--image", picture(0), "--question", question};
    if (json) words.push_back("--json");
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const Json record = lines_of(ask("is the dog red", true)).at(0);
  EXPECT_EQ(record["warning"], "the model has not learnt these words: the, dog");
  EXPECT_EQ(record["metadata"]["unknown_words"], Json({"the", "dog"}));
  EXPECT_THAT(ask("is the dog red", false), HasSubstr("the model has not learnt these words: the, dog"));
  const Json known = lines_of(ask("Is it Red?", true)).at(0);
  EXPECT_FALSE(known.contains("warning"));
  EXPECT_FALSE(known["metadata"].contains("unknown_words"));

  write_file(dir_ / "none.jsonl", R"({"question_id": 1, "img": "0.png", "text": "is the sky blue"})");
  const Json blind = lines_of(run({dir_ / "none.jsonl", "--json"}).out).at(0);
  EXPECT_EQ(blind["warning"],
            "no picture: a guess from the words alone; the model has not learnt these words: "
            "the, sky");

  fs::copy(model(), dir_ / "m", fs::copy_options::recursive);
  fs::remove(dir_ / "m" / "words.txt");
  const Outcome older =
      vqa({"run", "--model", dir_ / "m", "--image", picture(0), "--question", "x", "--json"});
  EXPECT_FALSE(lines_of(older.out).at(0).contains("warning")) << "a model without a list";
}

TEST_F(VqaProgram, AsksAboutAFolder) {
  const auto lines = lines_of(run({data_dir() / "images", "--question", "is it red", "--question", "what",
                                   "--json", "--top-k", "1", "--candidates", "yes", "--candidates", "no"})
                                  .out);
  ASSERT_EQ(lines.size(), 2u * kPictures);
  EXPECT_EQ(lines[1]["question_id"], "0.png#1");
  EXPECT_TRUE(lines[1]["metadata"]["pictures_remembered"]);
  EXPECT_GE(lines[1]["metadata"]["confidence"], 0.5);
}

std::vector<std::array<uint8_t, 3>> reds(int count) {
  std::vector<std::array<uint8_t, 3>> colors;
  for (int i = 0; i < count; ++i) colors.push_back({static_cast<uint8_t>(12 * i), 100, 200});
  return colors;
}

TEST_F(VqaProgram, AVideoIsItsFramesAndTheRecordSaysWhich) {
  const std::string clip = dir_ / "clip.mkv";
  const auto colors = reds(20);
  testing::write_video(clip, 24, 24, colors, 10);  // 2 seconds, lossless
  const auto ask = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--question", "is it red", "--json"});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return lines_of(outcome.out).at(0);
  };
  const Json video = ask({"--image", clip});
  const Json& metadata = video["metadata"];
  ASSERT_EQ(metadata["frames"].size(), 1u);
  const Json& frames = metadata["frames"][0];
  EXPECT_EQ(frames["file"], clip);
  EXPECT_NEAR(frames["duration"].get<double>(), 2, 0.02);
  const auto near = [](double seconds) { return ::testing::DoubleNear(seconds, 1e-6); };
  EXPECT_THAT(frames["seconds"].get<std::vector<double>>(),
              ::testing::ElementsAre(near(0.2), near(0.7), near(1.2), near(1.7)))
      << "the model has room for four";
  EXPECT_EQ(metadata["n_visual_tokens"], 16);

  // The same moments as still pictures give the same answer.
  std::vector<std::string> stills;
  for (const int moment : {2, 7, 12, 17}) {
    const std::string file = dir_ / fmt::format("{}.png", moment);
    const auto [r, g, b] = colors[static_cast<size_t>(moment)];
    cv::imwrite(file, cv::Mat(24, 24, CV_8UC3, cv::Scalar(b, g, r)));
    stills.insert(stills.end(), {"--image", file});
  }
  const Json pictures = ask(stills);
  EXPECT_FALSE(pictures["metadata"].contains("frames"));
  EXPECT_EQ(pictures["metadata"]["topk"], metadata["topk"]);

  const Json two = ask({"--image", picture(0), "--image", clip, "--frames", "2"});
  EXPECT_EQ(two["metadata"]["n_visual_tokens"], 12);
  EXPECT_THAT(two["metadata"]["frames"][0]["seconds"].get<std::vector<double>>(),
              ::testing::ElementsAre(near(0.5), near(1.5)));
  EXPECT_EQ(two["metadata"]["input_size"].size(), 2u);

  const Outcome many = run({"--image", clip, "--frames", "5", "--question", "is it red", "--json"});
  EXPECT_EQ(many.code, 1);
  EXPECT_THAT(many.out, HasSubstr("fewer pictures or frames"));
}

TEST_F(VqaProgram, AnAnimatedPictureGivesFramesToo) {
  const std::string clip = dir_ / "clip.gif";
  testing::write_video(clip, 24, 24, reds(10), 5);
  const auto records = lines_of(run({clip, "--question", "is it red", "--json"}).out);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["question_id"], "clip.gif");
  const Json& frames = records[0]["metadata"]["frames"][0];
  ASSERT_EQ(frames["seconds"].size(), 4u);
  EXPECT_NEAR(frames["duration"].get<double>(), 2, 0.25);
  EXPECT_TRUE(std::ranges::is_sorted(frames["seconds"]));
  EXPECT_EQ(records[0]["metadata"]["n_visual_tokens"], 16);

  // Named in a line of a file, with a still picture beside it.
  write_file(
      dir_ / "questions.jsonl",
      Json{{"question_id", "both"}, {"images", {"clip.gif", picture(1)}}, {"text", "is it red"}}.dump());
  const auto both = lines_of(run({dir_ / "questions.jsonl", "--frames", "3", "--json"}).out);
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0]["metadata"]["frames"].size(), 1u) << both[0];
  EXPECT_EQ(both[0]["metadata"]["n_visual_tokens"], 16);
}

// Every patch has a frame in the colour of the expert that the routing file names first for its token.
TEST_F(VqaProgram, TheOverlayShowsWhatTheRoutingSays) {
  const std::string routing = dir_ / "routing.jsonl", overlay = dir_ / "experts.png";
  const std::vector<std::string> asked = {"--image", picture(2), "--question", "is it red"};
  auto words = asked;
  words.insert(words.end(), {"--routing-out", routing});
  ASSERT_EQ(run(words).code, 0);
  std::map<int, int> first_expert;  // by token
  for (const Json& line : lines_of(read_file(routing))) {
    if (line["part"] == "pictures" && line["site"] == 1) first_expert[line["token"]] = line["experts"][0];
  }
  ASSERT_EQ(first_expert.size(), 4u);

  words = asked;
  words.insert(words.begin(), {"inspect", "--model", model()});
  words.insert(words.end(), {"--overlay", overlay, "--site", "1"});
  const Outcome outcome = vqa(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("site 0"));
  const cv::Mat painted = cv::imread(overlay);
  constexpr int kLeft = 12, kTop = 58, kFactor = 800 / 24;  // 24 pixels, enlarged to a width of 800
  ASSERT_GT(painted.rows, kTop + 24 * kFactor);
  std::map<int, std::set<std::vector<int>>> colors;  // by expert
  for (int token = 0; token < 4; ++token) {
    const auto seen =
        painted.at<cv::Vec3b>(kTop + token / 2 * 12 * kFactor, kLeft + token % 2 * 12 * kFactor);
    colors[first_expert[token]].insert({seen[0], seen[1], seen[2]});
  }
  const std::map<int, std::vector<int>> known{
      {0, {0, 159, 230}}, {1, {233, 180, 86}}, {2, {115, 158, 0}}, {3, {167, 121, 204}}};  // B, G, R
  for (const auto& [expert, of_expert] : colors) {
    ASSERT_EQ(of_expert.size(), 1u);
    EXPECT_EQ(*of_expert.begin(), known.at(expert));
  }
  words.back() = "7";
  EXPECT_EQ(vqa(words).code, 2) << "no such site";
}

TEST_F(VqaProgram, InspectDescribesTheModel) {
  const Json line = lines_of(vqa({"inspect", "--model", model(), "--json"}).out).at(0);
  EXPECT_EQ(line["model"], "tiny");
  EXPECT_EQ(line["max_tiles"], 4);
  EXPECT_EQ(line["tile_size"], 16);
  ASSERT_EQ(line["sites"].size(), 2u);
  EXPECT_EQ(line["sites"][1], Json::parse(R"({"site": 1, "experts": 4, "nulls": 0, "slots": 2,
                                             "pictures": [0, 1, 2], "words": [1, 2, 3]})"));
  EXPECT_LT(line["active_per_text_token"], line["parameters"]);
  EXPECT_EQ(vqa({"inspect", "--model", model(), "--overlay", dir_ / "x.png"}).code, 2) << "of what?";
}

TEST_F(VqaProgram, InspectTellsTheExpertsOfManyQuestions) {
  write_file(dir_ / "probe.jsonl",
             Json{{"question_id", "a"}, {"image", picture(0)}, {"text", "is it red"}}.dump() + "\n" +
                 Json{{"question_id", "b"}, {"image", "gone.png"}, {"text", "is it red"}}.dump() + "\n{\n" +
                 Json{{"question_id", "c"}, {"image", picture(1)}, {"text", "red"}}.dump() + "\n");
  const Outcome outcome = vqa({"inspect", dir_ / "probe.jsonl", "--model", model(), "--json"});
  EXPECT_EQ(outcome.code, 1) << "two of four cannot be answered";
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[1]["error"]["message"].get<std::string>(), HasSubstr("gone.png"));
  EXPECT_TRUE(lines[2].contains("error"));
  std::string words;  // of the question at its first site
  for (const Json& token : lines[0]["routing"]) {
    EXPECT_EQ(token.contains("word"), token["part"] != "pictures") << token;
    if (token["part"] == "question" && token["site"] == 0) words += token["word"].get<std::string>();
  }
  EXPECT_EQ(words, "is it red<answer>");
  EXPECT_EQ(lines[3]["question_id"], "c");
  EXPECT_EQ(vqa({"inspect", dir_ / "probe.jsonl", "--model", model(), "--overlay", dir_ / "x.png"}).code, 2);
}

TEST_F(VqaProgram, QuestionsComeFromATableToo) {
  write_file(dir_ / "q.csv", "question_id,image,text,answer\n7," + picture(0) +
                                 ",\"is it red, or not\",no\n" + "8," + picture(0) + "|" + picture(1) +
                                 ",is it red,\n9,,,\n10,a,b,c,d\n");
  const Outcome outcome = run({dir_ / "q.csv", "--json"});
  EXPECT_EQ(outcome.code, 1);
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["question_id"], "7");
  EXPECT_EQ(lines[0]["prompt"], "is it red, or not");
  EXPECT_EQ(lines[0]["expected"], Json::array({"no"}));
  EXPECT_EQ(lines[1]["images"].size(), 2u);
  EXPECT_FALSE(lines[1].contains("expected"));
  EXPECT_THAT(lines[2]["error"]["message"].get<std::string>(), HasSubstr("text"));
  EXPECT_THAT(lines[3]["error"]["message"].get<std::string>(), HasSubstr("5 cells"));
  EXPECT_EQ(lines[3]["question_id"], "line 5");
  write_file(dir_ / "wrong.csv", "id,picture\n1,a.png\n");
  EXPECT_THAT(run({dir_ / "wrong.csv"}).err, HasSubstr("question_id"));
  write_file(dir_ / "open.csv", "question_id,text\n1,\"a\n");
  EXPECT_NE(run({dir_ / "open.csv"}).code, 0);
}

TEST_F(VqaProgram, BadInputsLeaveTheOthersAnswered) {
  write_file(dir_ / "cut.png", read_file(picture(0)).substr(0, 50));
  write_file(dir_ / "sound.png", std::string("RIFF\x24\0\0\0WAVEfmt ", 16) + std::string(40, '\0'));
  std::string lines;
  const auto add = [&](const std::string& id, const std::string& image, const std::string& text) {
    lines += Json{{"question_id", id}, {"image", image}, {"text", text}}.dump() + "\n";
  };
  add("good", picture(0), "is it red");
  add("missing", "none.png", "is it red");
  add("cut", "cut.png", "is it red");
  add("sound", "sound.png", "is it red");
  add("empty", picture(0), "");
  add("long", picture(0), std::string(1000000, 'x'));
  lines += "{\"question_id\": 7, nonsense\n";
  add("last", picture(1), "is it blue");
  write_file(dir_ / "questions.jsonl", lines);
  const Outcome outcome = run({dir_ / "questions.jsonl", "--json"});
  EXPECT_EQ(outcome.code, 1);
  const auto records = lines_of(outcome.out);
  ASSERT_EQ(records.size(), 8u);
  const auto error = [&](size_t i) { return records[i].at("error").at("message").get<std::string>(); };
  EXPECT_TRUE(records[0].contains("text"));
  EXPECT_THAT(error(1), HasSubstr("none.png"));
  EXPECT_THAT(error(2), HasSubstr("cut.png"));
  EXPECT_THAT(error(3), HasSubstr("WAV"));
  EXPECT_THAT(error(4), HasSubstr("empty"));
  EXPECT_THAT(error(5), HasSubstr("8192"));
  EXPECT_EQ(records[6]["error"]["where"], "line 7");
  EXPECT_EQ(records[6]["error"]["file"], (dir_ / "questions.jsonl").string());
  EXPECT_TRUE(records[7].contains("text"));
  EXPECT_EQ(records[7]["question_id"], "last");
}

TEST_F(VqaProgram, TriesFailedQuestionsAgain) {
  const std::string input = dir_ / "later.jsonl", out = dir_ / "later.out.jsonl", late = dir_ / "late.png";
  write_file(input, Json{{"question_id", "a"}, {"image", picture(0)}, {"text", "is it red"}}.dump() + "\n" +
                        Json{{"question_id", "b"}, {"image", late}, {"text", "is it red"}}.dump() + "\n");
  const Outcome first = run({input, "--out", out});
  EXPECT_EQ(first.code, 1);
  EXPECT_THAT(first.err, HasSubstr("1 answered, 1 failed"));
  fs::copy_file(picture(1), late);
  const Outcome again = run({input, "--out", out, "--resume"});
  EXPECT_EQ(again.code, 0) << again.err;
  const auto records = lines_of(read_file(out));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[1].contains("text"));
}

TEST_F(VqaProgram, TheManualsSettingsFileIsRead) {
  const std::string page = read_file(fs::path(CONCLAVE_SOURCE_DIR) / "docs" / "command-line.md");
  const size_t begin = page.find("```toml\n") + 8;
  write_file(dir_ / "conclave.toml", page.substr(begin, page.find("```", begin) - begin));
  const Outcome outcome = vqa({"inspect", "config", "run", "--config", dir_ / "conclave.toml", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("conclave.toml: line"));
}

TEST_F(VqaProgram, ADryRunChecksTheInputs) {
  EXPECT_EQ(run({"--image", picture(0), "--question", "is it red", "--dry-run"}).code, 0);
  const Outcome missing = run({"--image", dir_ / "nope.png", "--question", "is it red", "--dry-run"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("nope.png"));
  EXPECT_EQ(vqa({"eval", "--model", model(), "--dataset", "llava", "--data", dir_ / "nope", "--split", "test",
                 "--dry-run"})
                .code,
            2);
}

TEST_F(VqaProgram, NothingElseIsWrittenOver) {
  const std::string input = dir_ / "own.jsonl";
  const std::string line = Json{{"question_id", "a"}, {"image", picture(0)}, {"text", "is it red"}}.dump();
  write_file(input, line + "\n" + line);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {input, "--out", input, "--resume"},
           {input, "--out", dir_ / "o.jsonl", "--routing-out", input, "--resume"},
           {input, "--out", dir_ / "o.jsonl", "--routing-out", dir_ / "o.jsonl"}})
    EXPECT_EQ(run(words).code, 2) << words[1];
  EXPECT_EQ(read_file(input), line + "\n" + line);
  const std::string answers = dir_ / "answers.jsonl";
  ASSERT_EQ(run({input, "--out", answers}).code, 0);
  EXPECT_EQ(vqa({"export", answers, "--format", "vqav2", "--out", answers}).code, 2);
  EXPECT_EQ(vqa({"export", answers, "--format", "vqav2", "--out", "/dev/null"}).code, 1);
  const auto full = testing::run_program(
      {"/bin/sh", "-c",
       fmt::format("{} run --image {} --question x --model {} --no-history > /dev/full",
                   testing::program_path("conclave-vqa").string(), picture(0), model().string())});
  EXPECT_EQ(full.code, 1) << "an answer that nobody gets";
}

TEST_F(VqaProgram, OneBadNumberDoesNotEndABatch) {
  const std::string input = dir_ / "numbers.jsonl";
  const auto line = [&](const std::string& id) {
    return Json{{"question_id", id}, {"image", picture(0)}, {"text", "is it red"}}.dump() + "\n";
  };
  write_file(input, line("a") + "{\"question_id\": 1e400}\n" + std::string(100000, '[') + "\n" + line("b"));
  const auto records = lines_of(run({input, "--json"}).out);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_TRUE(records[0].contains("text"));
  EXPECT_EQ(records[1]["error"]["where"], "line 2");
  EXPECT_EQ(records[2]["error"]["where"], "line 3");
  EXPECT_TRUE(records[3].contains("text"));
}

TEST_F(VqaProgram, SaysWhatIsNoListOfQuestions) {
  EXPECT_EQ(run({"/dev/zero", "--question", "x"}).code, 2);
  write_file(dir_ / "film.bin", std::string("YUV4MPEG2 W4 H4 F25:1\nFRAME\n") + std::string(24, '\x10'));
  const Outcome film = run({dir_ / "film.bin"});
  EXPECT_EQ(film.code, 1);
  EXPECT_THAT(film.err, HasSubstr("is a Y4M video; wanted are JSON lines"));
  const Outcome own = run({data_dir() / "test.jsonl", "--question", "is it red"});
  EXPECT_EQ(own.code, 2);
  EXPECT_THAT(own.err, HasSubstr("questions of its own"));
  write_file(dir_ / "big.jsonl", "{\"question_id\": 1e999}\n");
  EXPECT_THAT(run({dir_ / "big.jsonl", "--json"}).out, HasSubstr("line 1"));
}

TEST_F(VqaProgram, ReadsStdin) {
  const std::string program = testing::program_path("conclave-vqa");
  const std::string line = Json{{"question_id", 5}, {"image", picture(2)}, {"text", "is it red"}}.dump();
  const Outcome outcome = testing::run_program(
      {"/bin/sh", "-c",
       fmt::format("echo '{}' | {} run - --model {} --json --no-history", line, program, model().string())});
  const auto records = lines_of(outcome.out);
  ASSERT_EQ(records.size(), 1u) << outcome.err;
  EXPECT_EQ(records[0]["question_id"], "5");
}

TEST_F(VqaProgram, ResumesWhereItStopped) {
  const std::string out = dir_ / "answers.jsonl", input = data_dir() / "test.jsonl";
  ASSERT_EQ(run({input, "--out", out}).code, 0);
  const std::string whole = read_file(out);
  EXPECT_EQ(run({input, "--out", out}).code, 2) << "would write over it";
  size_t cut = whole.find('\n', whole.find('\n') + 1) + 1;
  write_file(out, whole.substr(0, cut + 20));  // two lines, and a third that was cut off
  const Outcome outcome = run({input, "--out", out, "--resume"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto before = lines_of(whole), after = lines_of(read_file(out));
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i]["question_id"], before[i]["question_id"]);
    EXPECT_EQ(after[i]["text"], before[i]["text"]);
  }
}

TEST_F(VqaProgram, ReplaysRoutingBitForBit) {
  const std::string a = dir_ / "a.jsonl", b = dir_ / "b.jsonl", input = data_dir() / "test.jsonl";
  const auto first = lines_of(run({input, "--routing-out", a, "--json"}).out);
  const auto again = lines_of(run({input, "--routing-in", a, "--routing-out", b, "--json"}).out);
  EXPECT_EQ(read_file(a), read_file(b));
  ASSERT_EQ(first.size(), static_cast<size_t>(kPictures));
  for (size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(first[i]["metadata"]["topk"], again.at(i)["metadata"]["topk"]);
}

TEST_F(VqaProgram, ScoresADataSet) {
  const std::string predictions = dir_ / "p.jsonl", vqav2 = dir_ / "v.json";
  for (const fs::path& data : {data_dir().parent_path(), data_dir()}) {
    fs::remove(predictions);
    const Outcome outcome =
        vqa({"eval", "--model", model(), "--dataset", "llava", "--data", data, "--split", "test",
             "--predictions", predictions, "--export", "vqav2=" + vqav2, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json record = lines_of(outcome.out).back();
    EXPECT_EQ(record["n"], kPictures);
    EXPECT_EQ(record["model"], "tiny");
    EXPECT_NEAR(record["baselines"]["majority"].get<double>(), 4.0 / 6, 1e-9);
    const Json& against = record["against_blind"];
    const double blind = record["baselines"][against["baseline"].get<std::string>()];
    for (const auto& [name, accuracy] : record["baselines"].items()) EXPECT_LE(accuracy, blind) << name;
    EXPECT_EQ(against["accuracy"], blind);
    EXPECT_NEAR(against["difference"].get<double>(), record["accuracy"].get<double>() - blind, 1e-9);
    EXPECT_LE(against["interval"][0], against["difference"]);
    EXPECT_GE(against["interval"][1], against["difference"]);
    EXPECT_EQ(against["groups"], kPictures);
    EXPECT_EQ(against["resamples"], 10000);
    int right = 0;
    for (const auto& line : lines_of(read_file(predictions))) {
      const int i = line["question_id"].get<std::string>()[1] - '0';
      right += line["text"] == (i % 3 ? "yes" : "no");
    }
    EXPECT_NEAR(record["accuracy"].get<double>(), right / 6.0, 1e-9);
  }
  const auto results = parse_json(read_file(vqav2), vqav2);
  ASSERT_EQ(results.size(), static_cast<size_t>(kPictures));

  const Outcome exported = vqa({"export", predictions, "--format", "vqav2"});
  EXPECT_EQ(parse_json(exported.out, "stdout"), results);
  const Outcome table = vqa({"export", predictions, "--format", "vlmevalkit", "--dataset", "llava", "--data",
                             data_dir(), "--split", "test"});
  EXPECT_THAT(table.out, HasSubstr("index\timage_path\tquestion\tanswer\tprediction\n"));
  EXPECT_EQ(vqa({"export", predictions, "--format", "nlvr"}).code, 2);

  const auto store = Store::open_existing(data_dir().parent_path() / "history.db");
  ASSERT_TRUE(store);
  RunFilter evals;
  evals.verb = "eval";
  const auto runs = store->list(evals);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(store->series(runs[0].id, "accuracy").values.size(), 1u);
  EXPECT_FALSE(store->routing(runs[0].id, "test", 0).empty());
}

TEST_F(VqaProgram, MeasuresItself) {
  const Outcome outcome = vqa({"bench", "--model", model(), "--input", data_dir() / "test.jsonl", "--seconds",
                               "0", "--starts", "1", "--threads", "2", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<std::string> cells;
  for (const Json& record : lines_of(outcome.out)) {
    cells.push_back(fmt::format("{} {} {}", record["measure"].get<std::string>(), record["threads"].dump(),
                                record.value("cache", false)));
    EXPECT_GT(record["first_answer_ms"], 0);
    EXPECT_GT(record["peak_memory_bytes"], 1 << 20);
    if (record["measure"] == "questions") {
      EXPECT_GT(record["questions_per_second"], 0);
      EXPECT_GT(record["next_answer_ms"], 0);
      EXPECT_EQ(record["model"], "tiny");
    }
  }
  EXPECT_EQ(cells, (std::vector<std::string>{"start_up 1 false", "start_up 2 false", "questions 1 false",
                                             "questions 1 true", "questions 2 false", "questions 2 true"}));
  write_file(dir_ / "empty.jsonl", "");
  EXPECT_EQ(vqa({"bench", "--model", model(), "--input", dir_ / "empty.jsonl"}).code, 2);
}

TEST_F(VqaProgram, RefusesDamagedModels) {
  fs::copy(model(), dir_ / "m", fs::copy_options::recursive);
  const auto ask = [&] {
    return vqa({"run", "--model", dir_ / "m", "--image", picture(0), "--question", "is it red", "--json"});
  };
  const std::string bytes = read_file(dir_ / "m" / "model.safetensors");
  write_file(dir_ / "m" / "model.safetensors", bytes.substr(0, bytes.size() - 100));
  Outcome outcome = ask();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("model.safetensors"));
  EXPECT_EQ(outcome.out, "");
  std::string lying = bytes;
  lying.replace(0, 8, std::string(8, '\x7f'));
  write_file(dir_ / "m" / "model.safetensors", lying);
  EXPECT_EQ(ask().code, 1);
  write_file(dir_ / "m" / "model.safetensors", bytes.substr(0, bytes.size() - 64) + std::string(64, '\xff'));
  outcome = ask();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no finite numbers"));
  write_file(dir_ / "m" / "model.safetensors", bytes);
  const fs::path config = dir_ / "m" / "config.json";
  const std::string right = read_file(config);
  for (const auto& [key, value] : {std::pair{"layers", "1000000000"}, {"layers", "3"}, {"width", "100000"}}) {
    Json changed = Json::parse(right);
    changed["text"][key] = Json::parse(value);
    write_file(config, changed.dump());
    outcome = ask();
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(key));
  }
  write_file(config, right);
  EXPECT_EQ(vqa({"run", "--model", dir_ / "none", "--question", "is it red"}).code, 1);
  EXPECT_EQ(vqa({"run", "--model", model()}).code, 2) << "nothing was asked";
}

}  // namespace
}  // namespace conclave
