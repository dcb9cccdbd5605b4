// The grammar that every application shares, with an application made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <sstream>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/signals.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::in_child;
using ::testing::Not;
using testing::Outcome;

class Train : public Verb {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override { return "Train a model"; }
  std::string examples() const override { return "  conclave-toy train data --steps 10"; }
  void declare(Options& options) override {
    options.positional("data", data_, "Folder of the data").required();
    options.add("steps", steps_, "Optimiser steps").range(1, 1000);
    options.add("learning-rate", learning_rate_, "Step size").at_least(0);
    options.add("mode", mode_, "What to train").choices({"all", "experts"});
    options.add("layers", layers_, "Layers to train");
    options.add("balance", balance_, "Add the balance loss");
    options.add("fail", fail_, "How to fail");
  }
  int run(Invocation& call) override {
    if (fail_ == "usage") throw UsageError("--steps must divide");
    call.begin();
    if (fail_ == "late") throw UsageError("--metric: there is none of this name");
    if (fail_ == "data") throw DataError("a.json", "line 3", "is short");
    if (fail_ == "trace") throw std::runtime_error("boom\nException raised from here\nframe #0");
    if (fail_ == "signal") ::raise(SIGINT);
    if (fail_ == "interrupted") throw Interrupted();
    if (fail_ == "code") return kExitFailed;
    call.out().write({{"data", data_},
                      {"steps", steps_},
                      {"learning_rate", learning_rate_},
                      {"mode", mode_},
                      {"layers", layers_},
                      {"balance", balance_},
                      {"seed", call.common().seed},
                      {"device", call.common().device}});
    return kExitDone;
  }

 private:
  std::string data_, mode_ = "all", fail_;
  int64_t steps_ = 100;
  double learning_rate_ = 1e-3;
  std::vector<int64_t> layers_;
  bool balance_ = true;
};

class CommandLine : public ::testing::Test {
 protected:
  Outcome toy(std::vector<std::string> words, const std::map<std::string, std::string>& environment = {}) {
    return in_child([&] {
      ::setenv("XDG_CONFIG_HOME", (dir_ / "config").c_str(), 1);
      ::setenv("CONCLAVE_HISTORY", (dir_ / "history.db").c_str(), 1);
      for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
      std::filesystem::current_path(dir_.path());
      words.insert(words.begin(), "conclave-toy");
      std::vector<char*> argv;
      for (auto& word : words) argv.push_back(word.data());
      Verbs verbs;
      verbs.push_back(std::make_unique<Train>());
      return run_app(static_cast<int>(argv.size()), argv.data(), {"toy", "A toy"}, std::move(verbs));
    });
  }
  Json line(const std::vector<std::string>& words,
            const std::map<std::string, std::string>& environment = {}) {
    const Outcome outcome = toy(words, environment);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return parse_json(outcome.out, "stdout");
  }
  testing::TempDir dir_;
};

TEST_F(CommandLine, FlagsAndDefaults) {
  const Json result = line({"train", "d", "--steps", "10", "--layers", "1,2", "--layers=3", "--no-balance",
                            "--learning-rate=1e-4", "--seed", "18446744073709551615", "--device", "cuda:1"});
  EXPECT_EQ(result["steps"], 10);
  EXPECT_EQ(result["layers"], Json({1, 2, 3}));
  EXPECT_EQ(result["balance"], false);
  EXPECT_EQ(result["learning_rate"], 1e-4);
  EXPECT_EQ(result["mode"], "all");
  EXPECT_EQ(result["seed"], 18446744073709551615u);
}

TEST_F(CommandLine, LayersOfSettings) {
  write_file(dir_ / "conclave.toml",
             "seed = 3\n[toy]\nsteps = 30\n[toy.train]\nmode = 'experts'\nlayers = [4]\n");
  write_file(dir_ / "config/conclave/config.toml", "[toy.train]\nsteps = 20\nbalance = false\n");
  Json result = line({"train", "d"});
  EXPECT_EQ(result["steps"], 30);
  EXPECT_EQ(result["mode"], "experts");
  EXPECT_EQ(result["layers"], Json({4}));
  EXPECT_EQ(result["balance"], false);
  EXPECT_EQ(result["seed"], 3);
  result = line({"train", "d"}, {{"CONCLAVE_TOY_TRAIN_STEPS", "40"}, {"CONCLAVE_SEED", "4"}});
  EXPECT_EQ(result["steps"], 40);
  EXPECT_EQ(result["seed"], 4);
  result = line({"train", "d", "--steps", "50"}, {{"CONCLAVE_TOY_TRAIN_STEPS", "40"}});
  EXPECT_EQ(result["steps"], 50);
  write_file(dir_ / "other.toml", "[toy]\nsteps = 60\n");
  EXPECT_EQ(line({"train", "d", "--config", "other.toml"})["steps"], 60);
  // A required argument may come from anywhere.
  EXPECT_EQ(line({"train"}, {{"CONCLAVE_TOY_DATA", "here"}})["data"], "here");
}

struct Bad {
  std::vector<std::string> words;
  std::string message;
};

TEST_F(CommandLine, WrongUseIsExitTwoAndSaysWhat) {
  for (const Bad& bad : std::vector<Bad>{
           {{}, "a verb is wanted: train"},
           {{"trian"}, "unknown verb 'trian'; did you mean train?"},
           {{"train"}, "DATA is required"},
           {{"train", "d", "e"}, "unknown argument 'e'"},
           {{"train", "d", "--stps", "3"}, "unknown option '--stps'; did you mean --steps?"},
           {{"train", "d", "--steps", "x"}, "--steps: 'x' is not a whole number"},
           {{"train", "d", "--steps", "1.5"}, "--steps: '1.5' is not a whole number"},
           {{"train", "d", "--steps", "-3"}, "--steps: -3 is below 1"},
           {{"train", "d", "--steps", "1001"}, "--steps: 1001 is above 1000"},
           {{"train", "d", "--steps"}, "--steps"},
           {{"train", "d", "--steps", "1", "--steps", "2"}, "--steps is given 2 times"},
           {{"train", "d", "--learning-rate", "nan"}, "--learning-rate"},
           {{"train", "d", "--mode", "some"}, "--mode: 'some' is none of: all, experts"},
           {{"train", "d", "--balance", "--no-balance"}, "--balance and --no-balance exclude each other"},
           {{"train", "d", "--device", "gpu"}, "--device: 'gpu' is none of: cpu, cuda, cuda:N, auto"},
           {{"train", "d", "--seed", "-1"}, "--seed: -1 is below 0"},
           {{"train", "d", "--config", "absent.toml"}, "--config: no such file"},
       }) {
    const Outcome outcome = toy(bad.words);
    EXPECT_EQ(outcome.code, 2) << bad.message;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(bad.message));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST_F(CommandLine, BadFiles) {
  write_file(dir_ / "conclave.toml", "[toy.train]\nlerning_rate = 1\n");
  Outcome outcome = toy({"train", "d"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("conclave.toml: line 2: unknown key 'toy.train.lerning_rate'; did you mean "
                        "'learning_rate'?"));
  write_file(dir_ / "conclave.toml", "[toy.train]\nsteps = 'many'\n");
  outcome = toy({"train", "d"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("conclave.toml: line 2: toy.train.steps: \"many\" is not a whole number"));
  write_file(dir_ / "conclave.toml", "[toy.train\n");
  outcome = toy({"train", "d"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("line 1: not valid TOML"));
}

TEST_F(CommandLine, ExitCodesAndOneClearLine) {
  Outcome outcome = toy({"train", "d", "--fail", "usage"});
  EXPECT_EQ(outcome.code, 2);
  outcome = toy({"train", "d", "--fail", "data"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: conclave-toy train: a.json: line 3: is short\n");
  outcome = toy({"train", "d", "--fail", "trace"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: conclave-toy train: boom\n");
  EXPECT_EQ(toy({"train", "d", "--fail", "signal"}).code, 130);
  EXPECT_EQ(toy({"train", "d", "--fail", "interrupted"}).code, 130);
  EXPECT_EQ(toy({"train", "d", "--fail", "code"}).code, 1);
}

TEST_F(CommandLine, HelpVersionDescribe) {
  Outcome outcome = toy({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("train            Train a model"));
  outcome = toy({"train", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("--learning-rate"));
  EXPECT_THAT(outcome.out, HasSubstr("conclave-toy train data --steps 10"));
  EXPECT_THAT(outcome.out, HasSubstr("Common options"));
  EXPECT_THAT(toy({"--version"}).out, HasSubstr("conclave-toy " + version()));

  outcome = toy({"train", "--describe"});
  EXPECT_EQ(outcome.code, 0);
  const Json about = parse_json(outcome.out, "stdout");
  EXPECT_EQ(about["verb"], "train");
  const Json& options = about["options"];
  EXPECT_EQ(options[0]["name"], "data");
  EXPECT_EQ(options[0]["required"], true);
  EXPECT_EQ(options[0]["positional"], true);
  EXPECT_EQ(options[1]["flag"], "--steps");
  EXPECT_EQ(options[1]["type"], "integer");
  EXPECT_EQ(options[1]["default"], 100);
  EXPECT_EQ(options[1]["maximum"], 1000);
  EXPECT_EQ(options[3]["choices"], Json({"all", "experts"}));
  EXPECT_EQ(options[4]["list"], true);
  EXPECT_EQ(parse_json(toy({"--describe"}).out, "stdout")["verbs"][0], about);
}

TEST_F(CommandLine, ConfigSaysWhereEachValueIsFrom) {
  write_file(dir_ / "conclave.toml", "[toy]\nsteps = 30\n");
  const Outcome outcome = toy({"inspect", "config", "train", "--mode", "experts", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  std::map<std::string, Json> found;
  for (std::string text; std::getline(lines, text);) {
    const Json parsed = parse_json(text, "line");
    found[parsed["name"]] = parsed;
  }
  EXPECT_EQ(found["steps"]["layer"], "project");
  EXPECT_THAT(found["steps"]["origin"].get<std::string>(), HasSubstr("conclave.toml: line 2"));
  EXPECT_EQ(found["mode"]["layer"], "flag");
  EXPECT_EQ(found["learning-rate"]["layer"], "default");
  EXPECT_THAT(toy({"inspect", "config"}).out, HasSubstr("project ("));
  EXPECT_THAT(toy({"train", "d", "--dry-run"}).out, HasSubstr("steps"));
}

TEST_F(CommandLine, EveryRunIsInTheHistory) {
  write_file(dir_ / "conclave.toml", "[toy]\nsteps = 30\n");
  toy({"train", "d", "--mode", "experts", "--seed", "5", "--run-name", "one"});
  toy({"train", "d", "--fail", "data"});
  toy({"train", "d", "--fail", "signal"});
  toy({"train", "d", "--fail", "usage"});  // never began
  toy({"train", "d", "--fail", "late"});
  toy({"train", "d", "--no-history"});
  toy({"train", "d", "--dry-run"});
  toy({"train", "d", "--steps", "x"});
  toy({"inspect", "config"});
  const Store store = Store::open(dir_ / "history.db");
  std::vector<std::string> ends;
  for (const auto& run : store.list())
    ends.push_back(fmt::format("{} {} {}", run.id, run.status, *run.exit_code));
  EXPECT_THAT(ends, ::testing::ElementsAre("4 failed 2", "3 cancelled 130", "2 failed 1", "1 finished 0"));
  EXPECT_EQ(store.show(2).message, "a.json: line 3: is short");
  const RunDetail run = store.show(store.find("one"));
  EXPECT_EQ(run.seed, "5");
  EXPECT_EQ(run.version, version());
  EXPECT_THAT(run.argv, ::testing::ElementsAre("conclave-toy", "train", "d", "--mode", "experts", "--seed",
                                               "5", "--run-name", "one"));
  std::map<std::string, std::string> params;
  for (const auto& param : run.params) params[param.key] = param.value.dump() + " " + param.source;
  EXPECT_EQ(params["mode"], "\"experts\" flag (--mode)");
  EXPECT_THAT(params["steps"], HasSubstr("30 project ("));
  EXPECT_EQ(params["learning-rate"], "0.001 default");
  EXPECT_FALSE(params.contains("json"));
}

TEST(JsonLinesTest, WritesInInputOrder) {
  testing::TempDir dir;
  {
    JsonLines lines(dir / "out.jsonl", "id");
    lines.write_at(2, {{"id", 2}});
    lines.write_at(0, {{"id", 0}});
    EXPECT_EQ(read_file(dir / "out.jsonl"), "{\"id\":0}\n");  // flushed as soon as it may be
    lines.write_at(1, {{"id", "one"}, {"text", "\xff"}});
  }
  EXPECT_EQ(read_file(dir / "out.jsonl"),
            "{\"id\":0}\n{\"id\":\"one\",\"text\":\"\xef\xbf\xbd\"}\n{\"id\":2}\n");
}

TEST(JsonLinesTest, ResumeSkipsWhatIsAnsweredAndCutsTheRest) {
  testing::TempDir dir;
  const fs::path out = dir / "out.jsonl";
  EXPECT_TRUE(resume_lines(out, "id").empty());
  write_file(out, "{\"id\":\"a\"}\n{\"id\":7,\"error\":{}}\n{\"id\":\"cut");
  EXPECT_EQ(resume_lines(out, "id"), (std::unordered_set<std::string>{"a"})) << "7 is tried again";
  { JsonLines(out, "id").write({{"id", "cut"}}); }
  EXPECT_EQ(read_file(out), "{\"id\":\"a\"}\n{\"id\":\"cut\"}\n");
  write_file(out, "{\"id\":1,\"model\":\"x\"}\n");
  EXPECT_EQ(resume_lines(out, "id", {"model", "x"}).size(), 1u);
  EXPECT_THROW(resume_lines(out, "id", {"model", "y"}), UsageError);
}

TEST(JsonLinesTest, LeavesAloneWhatItDidNotWrite) {
  testing::TempDir dir;
  const fs::path out = dir / "other";
  for (const std::string bytes : {"{\"a\":[1,2,3]}", "{\"id\":1}\nnot json\n", "{\"id\":1}\n{\"name\":2}\n",
                                  "weights\x01\x02", "some\ntext"}) {
    write_file(out, bytes);
    EXPECT_THROW(JsonLines(out, "id"), UsageError) << bytes;
    EXPECT_EQ(read_file(out), bytes);
  }
  write_file(out, "{\"id\":1}\nnot json\n");
  EXPECT_THROW(resume_lines(out, "id"), UsageError);
}

TEST(Files, DevicesAndFoldersAreNotReplacedAndLinksAreFollowed) {
  testing::TempDir dir;
  EXPECT_THROW(write_file("/dev/null", "x"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(write_file(dir.path(), "x"), Error);
  write_file(dir / "real", "old");
  fs::create_symlink(dir / "real", dir / "link");
  write_file(dir / "link", "new");
  EXPECT_TRUE(fs::is_symlink(dir / "link"));
  EXPECT_EQ(read_file(dir / "real"), "new");
}

TEST(JsonLinesTest, ErrorLine) {
  EXPECT_EQ(
      error_line("q1", DataError("a.png", "offset 3", "is short")).dump(),
      R"({"id":"q1","error":{"kind":"data","message":"a.png: offset 3: is short","file":"a.png","where":"offset 3"}})");
  EXPECT_EQ(error_line(nullptr, Error("one\ntwo")).dump(), R"({"error":{"kind":"other","message":"one"}})");
}

TEST_F(CommandLine, ManualAndCompletion) {
  const std::string page = toy({"--man"}).out;
  EXPECT_TRUE(page.starts_with(".TH CONCLAVE-TOY 1")) << page.substr(0, 40);
  EXPECT_THAT(page, HasSubstr(".SS train\nTrain a model\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fIdata\\fR\nFolder of the data\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-mode\\fR \\fITEXT\\fR\nWhat to train: all, experts"));
  EXPECT_THAT(page, HasSubstr("conclave\\-toy train data \\-\\-steps 10"));
  testing::TempDir dir;
  write_file(dir / "completion", toy({"--completion"}).out);
  const auto completed = [&](const std::string& words) {
    write_file(dir / "ask", ". '" + (dir / "completion").string() + "'\nCOMP_WORDS=(conclave-toy " + words +
                                ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_conclave_toy\n"
                                "echo \"${COMPREPLY[*]}\"\n");
    return testing::run_program({"/bin/bash", (dir / "ask").string()}).out;
  };
  EXPECT_EQ(completed("tr"), "train\n");
  EXPECT_EQ(completed("train --lear"), "--learning-rate\n");
  EXPECT_EQ(completed("train --mode ''"), "all experts\n");
  EXPECT_EQ(completed("train ''"), "\n") << "files, by bash";
}

}  // namespace
}  // namespace conclave
