// conclave-vqa train from end to end: what is checked before anything is written, what may be changed in
// between, and what is told and kept of a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "apps/common/app.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/history/store.h"
#include "testing/pictures.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
namespace fs = std::filesystem;

std::vector<Json> log_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line, "stdout"));
  return lines;
}

// Where the values begin in the bytes of a safetensors file.
size_t data_begin(const std::string& bytes) {
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  return 8 + header;
}

// The bytes of one tensor.
std::string embedding_in(const fs::path& file) {
  const std::string all = read_file(file);
  const Json place =
      Json::parse(all.substr(8, data_begin(all) - 8)).at("embed_tokens.weight")["data_offsets"];
  const auto begin = place[0].get<size_t>(), end = place[1].get<size_t>();
  return all.substr(data_begin(all) + begin, end - begin);
}

const char* kRecipe = R"({"name": "tiny", "vocabulary": 300, "picture": {"policy": "stretch", "size": 16},
  "model": {"max_tiles": 1,
            "vision": {"kind": "conv", "image": 16, "widths": [8, 16], "strides": [4, 2], "groups": 4},
            "connector": {"kind": "mlp2x_gelu"},
            "text": {"width": 32, "layers": 2, "heads": 4, "ffn": {"hidden": 48},
                     "moe": {"variant": "modality-aware", "experts": 4, "hidden": 24}}},
  "sources": {"own": {"kind": "llava"}, "held": {"kind": "llava", "split": "test"}},
  "stages": [{"name": "learn", "mix": [{"source": "own", "pictures": 2}],
              "evaluate": [{"source": "held", "pictures": 2, "weight": 2}],
              "train": {"steps": 4, "checkpoint_every": 2, "keep_last": 9,
                        "schedule": {"kind": "constant", "peak": 1e-3}}}]})";

class TrainProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "llava" / fs::path("images"));
    std::string questions;
    for (int i = 0; i < 4; ++i) {
      testing::write_picture(dir_ / "llava" / fs::path(fmt::format("images/{}.png", i)), i);
      questions += Json{{"question_id", i},
                        {"image", fmt::format("{}.png", i)},
                        {"text", "is it red"},
                        {"answer", i % 2 ? "yes" : "no"}}
                       .dump() +
                   "\n";
    }
    for (const char* split : {"train", "test"})
      write_file(dir_ / "llava" / fs::path(std::string(split) + ".jsonl"), questions);
    write_file(dir_ / "recipe.json", kRecipe);
  }
  fs::path out() const { return dir_ / "run"; }
  std::vector<std::string> words(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"conclave-vqa", "train",     "--recipe", dir_ / "recipe.json",
                                    "--data",       dir_.path(), "--out",    out()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome program(const std::vector<std::string>& words) const {
    return testing::run_program(words, {{"CONCLAVE_HISTORY", (dir_ / "history.db").string()},
                                        {"XDG_CONFIG_HOME", (dir_ / "config").string()},
                                        {"XDG_STATE_HOME", (dir_ / "state").string()},
                                        {"OMP_NUM_THREADS", "1"}});
  }
  Outcome train(std::vector<std::string> more = {}) const { return program(words(std::move(more))); }
  Outcome train_in(const fs::path& folder, const std::vector<std::string>& more) const {
    auto all = words(more);
    all[7] = folder;
    return program(all);
  }
  static std::vector<std::string> set(const std::string& change) { return {"--set", change}; }
  testing::TempDir dir_;
};

TEST_F(TrainProgram, WhatIsWrongIsSaidBeforeAnythingIsWritten) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"stages.0.train.stepz=60", "stages[0].train.stepz"},
      {"model.text.width=abc", "text.width"},
      {"sources.own.part=[1]", "sources.own.part"},
      {"sources.own.split=none", "none"},
      {"picture.size=24", "recipe.picture.size = 24, but recipe.model.vision.image = 16"},
      {"picture={\"policy\": \"tiles\", \"size\": 16, \"max_tiles\": 2}", "recipe.model.max_tiles = 1"},
      {"model.vision.strides=[40,2]", "recipe.model.vision"},
      {"stages.0.mix.0.pictures=1000000000", "stages[0].mix[0].pictures = 1000000000: the limit is 4096"},
      {"stages.0.train_only=[\"eyes\"]", "stage learn"},
      {"stages.0.losses=[{\"kind\": \"x\"}]", "x"}};
  for (const auto& [change, says] : mistakes) {
    for (const bool dry : {false, true}) {
      auto more = set(change);
      if (dry) more.push_back("--dry-run");
      const Outcome outcome = train(more);
      EXPECT_NE(outcome.code, 0) << change;
      EXPECT_THAT(outcome.err, HasSubstr(says)) << change;
      EXPECT_FALSE(fs::exists(out())) << change;
    }
  }
  auto elsewhere = words();
  elsewhere[5] = "/nope";
  const Outcome outcome = program(elsewhere);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--data: no such file or folder: '/nope'"));
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(TrainProgram, DryRunTellsStagesAndSizesAndWritesNothing) {
  const Outcome outcome = train({"--dry-run", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = log_lines(outcome.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["stage"], "learn");
  EXPECT_EQ(lines[0]["steps"], 4);
  EXPECT_EQ(lines[0]["trained"], lines[0]["parameters"]);
  EXPECT_LT(lines[0]["active_per_text_token"], lines[0]["parameters"]);
  EXPECT_GT(lines[1]["bytes"], lines[1]["model_bytes"]);
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_THAT(train({"--dry-run"}).out,
              AllOf(HasSubstr("stage learn: 4 steps"), HasSubstr("nothing was written")));

  const auto parameters = lines[0]["parameters"].get<int64_t>();
  const auto checkpoint = lines[0]["checkpoint_bytes"].get<int64_t>();
  ASSERT_EQ(train().code, 0);
  const auto size = [&](const char* file) {
    return static_cast<int64_t>(fs::file_size(out() / "stage-1-learn/step-00000004" / file));
  };
  EXPECT_NEAR(size("model.safetensors") + size("optimizer.safetensors"), checkpoint, 0.2 * checkpoint);
  EXPECT_NEAR(static_cast<double>(fs::file_size(out() / "model.safetensors")), 2.0 * parameters,
              0.6 * parameters);
}

TEST_F(TrainProgram, ARunIsToldInSentencesAndKeptInTheHistory) {
  const Outcome outcome = train();
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("stage learn, step 4: accuracy.held 0."));
  EXPECT_THAT(outcome.err, HasSubstr("conclave-vqa eval --model " + out().string() + " --dataset llava"));
  EXPECT_THAT(outcome.err, HasSubstr("--split test"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("{\"stage\"")));

  const auto store = Store::open_existing(dir_ / "history.db");
  ASSERT_TRUE(store);
  const auto run = store->find("last");
  const Series loss = store->series(run, "learn/loss"), own = store->series(run, "learn/loss.own");
  EXPECT_THAT(loss.steps, ElementsAre(1, 4)) << "at the start and at the end";
  EXPECT_EQ(loss.values, own.values) << "no auxiliary losses";
  EXPECT_EQ(store->series(run, "learn/accuracy.held").steps, std::vector<int64_t>{4});
  EXPECT_THAT(store->routing_steps(run, "train"), ElementsAre(1, 4));
  int64_t vision = 0;
  for (const RoutingRow& row : store->routing(run, "train", 4)) {
    EXPECT_EQ(row.counts.size(), 4u);
    if (row.modality == "vision" && row.site == "0") vision += row.tokens;
  }
  EXPECT_EQ(vision, 3 * 2 * 4) << "three steps of two pictures of four tokens";
}

TEST_F(TrainProgram, TheHistoryKnowsTheProgramsCommitAndThatOfTheWorkingFolder) {
  const fs::path program_file = testing::program_path("conclave-vqa");
  const std::string git = "git -c user.name=t -c user.email=t@t ";
  const Outcome outcome =
      program({"/bin/sh", "-c",
               "cd " + dir_.path().string() + " && " + git + "init -q . && " + git + "add recipe.json && " +
                   git + "commit -qm t && git rev-parse HEAD && " + program_file.string() +
                   " train --recipe recipe.json --data . --out x --history own.db --quiet; true"});
  const std::string commit = outcome.out.substr(0, outcome.out.find('\n'));
  if (commit.size() != 40) GTEST_SKIP() << "no git";
  const auto store = Store::open_existing(dir_ / "own.db");
  ASSERT_TRUE(store) << outcome.err;
  const RunDetail run = store->show(store->find("last"));
  EXPECT_EQ(run.git_sha, build_commit());
  EXPECT_EQ(run.machine["folder_commit"], commit);
}

TEST_F(TrainProgram, OnlyWhatBeganIsInTheHistory) {
  EXPECT_NE(train(set("vocabulary=1")).code, 0);
  EXPECT_NE(train(set("sources.own.split=none")).code, 0);
  const auto vqa = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "conclave-vqa");
    return program(words).code;
  };
  const std::string picture = dir_ / "llava/images/0.png";
  EXPECT_EQ(vqa({"run", "--model", dir_ / "none", "--image", picture, "--question", "is it red"}), 1);
  EXPECT_EQ(vqa({"run", "--model", dir_.path()}), 2);
  write_file(dir_ / "there.jsonl", "");
  EXPECT_EQ(vqa({"run", "--image", picture, "--question", "x", "--out", dir_ / "there.jsonl"}), 2);
  EXPECT_EQ(vqa({"inspect", "--overlay", dir_ / "x.png"}), 2);
  EXPECT_FALSE(fs::exists(dir_ / "history.db"));
  EXPECT_EQ(train().code, 0);
  const auto store = Store::open_existing(dir_ / "history.db");
  ASSERT_TRUE(store);
  EXPECT_EQ(store->list().size(), 1u);
}

TEST_F(TrainProgram, ACheckpointIsAModel) {
  ASSERT_EQ(train().code, 0);
  for (const char* folder : {"", "stage-1-learn", "stage-1-learn/step-00000002"}) {
    const Outcome outcome = program({"conclave-vqa", "run", "--model", out() / folder, "--image",
                                     dir_ / "llava/images/0.png", "--question", "is it red", "--json"});
    EXPECT_EQ(outcome.code, 0) << folder << outcome.err;
  }
}

TEST_F(TrainProgram, StepsAndRatesMayBeChangedWithAWord) {
  ASSERT_EQ(train().code, 0);
  const Outcome outcome =
      train({"--set", "stages.0.train.steps=6", "--set", "stages.0.train.schedule.peak=1e-4"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("warning: the recipe was changed at step 4 of stage learn: "
                                     "stages.0.train.steps was 4, is now 6"));
  EXPECT_THAT(outcome.err, HasSubstr("stage learn goes on at step 4"));
  EXPECT_TRUE(fs::exists(out() / "stage-1-learn/step-00000006"));

  const Json kept = read_json(out() / "recipe.json");
  EXPECT_EQ(kept["stages"][0]["train"]["steps"], 6);
  ASSERT_EQ(kept["changes"].size(), 2u);
  EXPECT_EQ(
      kept["changes"][0],
      Json::parse(R"({"key": "stages.0.train.steps", "old": 4, "new": 6, "stage": "learn", "step": 4})"));
  const auto store = Store::open_existing(dir_ / "history.db");
  const auto events = store->show(store->find("last")).events;
  ASSERT_EQ(events.size(), 1u);
  EXPECT_THAT(events[0].text, HasSubstr("stages.0.train.schedule.peak was 0.001, is now 0.0001"));

  // The folder's recipe is one like any other; the same command finds all done.
  auto again = words();
  again[3] = out() / "recipe.json";
  const Outcome done = program(again);
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("stage learn is done"));
}

TEST_F(TrainProgram, ShapesDataAndSeedStayWhatTheyWere) {
  ASSERT_EQ(train().code, 0);
  const std::string recipe = read_file(out() / "recipe.json");
  const std::pair<const char*, const char*> changes[] = {
      {"model.text.width=64", "model.text.width was 32, is now 64"},
      {"vocabulary=400", "vocabulary was 300, is now 400"},
      {"sources.own.split=test", "sources.own.split was absent, is now \"test\""},
      {"stages.0.train.ema_decay=0.9", "stages.0.train.ema_decay was absent, is now 0.9"}};
  for (const auto& [change, says] : changes) {
    const Outcome outcome = train(set(change));
    EXPECT_EQ(outcome.code, 2) << change;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_EQ(read_file(out() / "recipe.json"), recipe);
  }
  EXPECT_EQ(read_json(out() / "run.json")["seed"], 0);
  for (const char* kept : {"step-00000002", "step-00000004"}) {  // the last round knows no checkpoint
    const Outcome outcome = train({"--seed", "5"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("begun with --seed 0, not 5"));
    fs::remove_all(out() / "stage-1-learn" / kept);
  }
  EXPECT_EQ(train({"--seed", "5"}).code, 2);
  const fs::path questions = dir_ / "llava/train.jsonl";
  const std::string good = read_file(questions);
  const auto refused = [&](const std::string& text, const char* says) {
    write_file(questions, text);
    for (const bool dry : {true, false}) {
      const Outcome outcome = dry ? train({"--dry-run"}) : train();
      EXPECT_EQ(outcome.code, 2);
      EXPECT_THAT(outcome.err, HasSubstr("sources.own: not the data that"));
      EXPECT_THAT(outcome.err, HasSubstr(says));
    }
  };
  refused(good.substr(0, good.rfind('\n', good.size() - 2) + 1), "4 samples then, 3 now");
  std::string other = good;
  refused(other.replace(other.find("is it red"), 9, "is it new"), "other questions");
  write_file(questions, good);
  write_file(dir_ / "llava/test.jsonl", other);  // is only evaluated
  EXPECT_EQ(train().code, 0);
}

TEST_F(TrainProgram, ALaterStageFixesTheEarlierOnes) {
  Json recipe = Json::parse(kRecipe);
  recipe["stages"].push_back(recipe["stages"][0]);
  recipe["stages"][1]["name"] = "more";
  write_file(dir_ / "recipe.json", recipe.dump());
  ASSERT_EQ(train().code, 0);
  const auto store = Store::open_existing(dir_ / "history.db");
  EXPECT_THAT(store->routing_steps(store->find("last"), "train"), ElementsAre(1, 4, 5, 8));
  const Outcome outcome = train(set("stages.0.train.steps=6"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("has come to stage more"), HasSubstr("stages.0.train.steps was 4")));
  EXPECT_EQ(train(set("stages.1.train.steps=6")).code, 0);
}

TEST_F(TrainProgram, AStageWithAnAverageLeavesTheAverage) {
  const std::vector<std::string> averaged = {"--set", "stages.0.train.ema_decay=0.9", "--set",
                                             "weights=float32"};
  const Outcome outcome = train(averaged);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("stage learn, step 4: accuracy.held"));
  EXPECT_THAT(outcome.err, HasSubstr("with averaged weights"));
  const fs::path stage = out() / "stage-1-learn";
  const std::string average = embedding_in(stage / "step-00000004/ema.safetensors");
  EXPECT_NE(embedding_in(stage / "step-00000004/model.safetensors"), average);
  EXPECT_EQ(embedding_in(stage / "model.safetensors"), average);
  EXPECT_EQ(embedding_in(out() / "model.safetensors"), average);

  // Stopped and gone on with: the same bits.
  auto again = averaged;
  for (const char* steps : {"2", "4"}) {
    again.resize(4);
    for (const auto& change :
         {"stages.0.train.steps=" + std::string(steps), std::string("stages.0.evaluate=[]")})
      again.insert(again.end(), {"--set", change});
    const Outcome part = train_in(dir_ / "again", again);
    ASSERT_EQ(part.code, 0) << part.err;
    EXPECT_EQ(part.err.find("goes on at step 2") != part.err.npos, steps[0] == '4') << part.err;
  }
  EXPECT_EQ(read_file(dir_ / "again/model.safetensors"), read_file(out() / "model.safetensors"));
}

TEST_F(TrainProgram, DamagedCheckpointsArePassedOverAndNaNsNeverBecomeAModel) {
  ASSERT_EQ(train().code, 0);
  const fs::path stage = out() / "stage-1-learn";
  const std::string right = read_file(out() / "model.safetensors");
  const auto spoil = [](const fs::path& file) {
    std::string bytes = read_file(file);
    write_file(file, bytes.replace(data_begin(bytes), 64, std::string(64, '\xff')));
  };
  fs::remove(stage / "model.safetensors");
  fs::remove(out() / "model.safetensors");
  spoil(stage / "step-00000004/model.safetensors");
  Outcome outcome = train();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("step-00000004 is damaged"), HasSubstr("goes on from step 2"),
                                 HasSubstr("no finite numbers")));
  EXPECT_EQ(read_file(out() / "model.safetensors"), right);

  fs::remove(out() / "model.safetensors");
  spoil(stage / "model.safetensors");
  outcome = train();
  EXPECT_EQ(outcome.code, 1) << "the finished stage";
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("stage-1-learn/model.safetensors"), HasSubstr("no finite numbers")));

  fs::remove(stage / "model.safetensors");
  for (const char* step : {"step-00000002", "step-00000004"}) spoil(stage / step / "optimizer.safetensors");
  outcome = train();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("optimizer.safetensors"), HasSubstr("no checkpoint before it")));
  EXPECT_FALSE(fs::exists(out() / "model.safetensors"));

  const Outcome wild = train_in(dir_ / "wild", {"--set", "stages.0.train.schedule.peak=1e6", "--set",
                                                "stages.0.train.optimizer={\"weight_decay\": 1e6}", "--set",
                                                "stages.0.train.steps=30"});
  EXPECT_EQ(wild.code, 1);
  EXPECT_THAT(wild.err, AllOf(HasSubstr("step "), HasSubstr("finite"), HasSubstr("lower the learning rate")));
  EXPECT_FALSE(fs::exists(dir_ / "wild/model.safetensors"));
}

TEST_F(TrainProgram, AnInterruptionSaysWhereItStopped) {
  std::string command;
  auto all = words({"--set", "stages.0.train.steps=1000000", "--set", "stages.0.train.keep_last=2"});
  all[0] = testing::program_path(all[0]);
  for (const auto& word : all) command += "'" + word + "' ";
  const std::string first = (out() / "stage-1-learn").string();
  const Outcome outcome =
      program({"/bin/sh", "-c",
               command + "& pid=$!; n=0; while [ ! -e " + first +
                   " ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done; kill -TERM $pid; wait $pid"});
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  const size_t said = outcome.err.find("interrupted; stage learn is saved at step ");
  ASSERT_NE(said, outcome.err.npos) << outcome.err;
  const auto step = std::stoll(outcome.err.substr(outcome.err.find("step ", said) + 5));
  EXPECT_TRUE(fs::exists(out() / fmt::format("stage-1-learn/step-{:08}", step)));
  EXPECT_THAT(outcome.err, HasSubstr("the same command goes on"));
}

}  // namespace
}  // namespace conclave
