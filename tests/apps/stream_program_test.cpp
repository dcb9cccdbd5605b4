// conclave-stream, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "testing/mock_kafka.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

Json last_line(const std::string& text) {
  std::istringstream in(text);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) last = line;
  return parse_json(last, "stdout");
}

class StreamProgram : public ::testing::Test {
 protected:
  Outcome stream(std::vector<std::string> words) {
    words.insert(words.begin(), "conclave-stream");
    return testing::run_program(words, {{"CONCLAVE_HISTORY", (dir_ / "history.db").string()},
                                        {"XDG_CONFIG_HOME", (dir_ / "config").string()}});
  }
  std::string path(const std::string& name) { return (dir_ / name).string(); }
  // Agrawal's applicants as ARFF, the concept changing half way.
  void write_arff(const std::string& name, int rows) {
    const auto made = stream({"generate", "agrawal", "--function", "1,3", "--positions",
                              std::to_string(rows / 2), "-n", std::to_string(rows), "--format", "arff"});
    ASSERT_EQ(made.code, 0) << made.err;
    write_file(dir_ / name, made.out);
  }
  testing::TempDir dir_;
};

TEST_F(StreamProgram, GeneratesRowsInMoasOrder) {
  const auto made = stream({"generate", "sea", "--seed", "1", "-n", "2"});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out,
            "7.308781907032909,4.100808114922017,2.077148413097171,1\n"
            "6.588672394716129,7.107396275716601,1.5273620134152177,1\n");
  EXPECT_EQ(stream({"generate", "rbf-drift", "--classes", "5", "--speed", "0.001", "--centroids-drifting",
                    "50", "--model-seed", "1", "-n", "1"})
                .out.substr(0, 18),
            "0.2107606633709709");
  EXPECT_EQ(stream({"generate", "sea", "--function", "5"}).code, 2);
}

TEST_F(StreamProgram, RunsOverAFileAndTellsWhatItSaw) {
  write_arff("a.arff", 3000);
  const auto run = stream(
      {"run", path("a.arff"), "--learner", "hoeffding-tree", "--json", "--predictions", path("p.csv")});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json last = last_line(run.out);
  for (const char* key : {"accuracy", "kappa", "kappa_t", "kappa_m", "instances_per_s", "memory_bytes"})
    EXPECT_TRUE(last.at(key).is_number()) << key;
  EXPECT_EQ(last.at("instances"), 3000);
  EXPECT_GT(last.at("accuracy").get<double>(), 0.6);
  EXPECT_EQ(read_file(dir_ / "p.csv").substr(0, 21), "row,class,prediction\n");
  const auto list = testing::run_program({"conclave-history", "list", "--json"},
                                         {{"CONCLAVE_HISTORY", path("history.db")}});
  EXPECT_THAT(list.out, HasSubstr("\"accuracy\""));
}

TEST_F(StreamProgram, CountsBrokenRowsAndMeetsAnEmptyStream) {
  write_file(dir_ / "b.csv", "a,b,class\n1,2,x\n1,y\n2,3,y\ninf,1,x\n");
  const auto run = stream({"run", path("b.csv"), "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json input = last_line(run.out).at("input");
  EXPECT_EQ(input.at("skipped"), 1);
  EXPECT_EQ(input.at("not_finite"), 1);
  EXPECT_THAT(input.at("first_problem").get<std::string>(), HasSubstr("line 3"));
  EXPECT_EQ(stream({"run", path("b.csv"), "--strict"}).code, 1);
  write_file(dir_ / "empty.csv", "");
  const auto empty = stream({"run", path("empty.csv")});
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(empty.err, HasSubstr("empty"));
  write_file(dir_ / "header.csv", "a,class\n");
  EXPECT_EQ(stream({"run", path("header.csv")}).code, 0);
}

// Killed wherever it may be, a run that is resumed says what one says that was never killed.
TEST_F(StreamProgram, ResumesAfterBeingKilledToTheSamePredictions) {
  write_arff("k.arff", 12000);
  for (const char* learner : {"moe", "arf"}) {
    const auto words = [&](const std::string& name) {
      return std::vector<std::string>{
          "run",           path("k.arff"),      "--learner", learner,      "--every",
          "500",           "--snapshot-every",  "1000",      "--snapshot", path(name + ".snap"),
          "--predictions", path(name + ".csv"), "--quiet"};
    };
    ASSERT_EQ(stream(words("whole")).code, 0);
    const auto killed = testing::in_child([&] {
      std::thread([&] {
        while (!std::filesystem::exists(dir_ / "cut.snap"))
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        kill(0, SIGKILL);  // the group: this child and its program
      }).detach();
      setpgid(0, 0);
      return stream(words("cut")).code;
    });
    EXPECT_EQ(killed.code, 128 + SIGKILL);
    const auto resumed = stream({"resume", path("cut.snap"), "--json"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(last_line(resumed.out).at("instances"), 12000);
    EXPECT_EQ(read_file(dir_ / "cut.csv"), read_file(dir_ / "whole.csv")) << learner;
    std::filesystem::remove(dir_ / "cut.snap");
    std::filesystem::remove(dir_ / "cut.csv");
  }
}

TEST_F(StreamProgram, GoesOnBeyondTheRowsThatWereAskedFor) {
  write_arff("k.arff", 3000);
  const auto run = [&](const std::string& rows) {
    return stream({"run", path("k.arff"), "--rows", rows, "--snapshot", path("k.snap"), "--predictions",
                   path("k.csv"), "--quiet"});
  };
  ASSERT_EQ(run("3000").code, 0);
  const auto whole = read_file(dir_ / "k.csv");
  ASSERT_EQ(run("1000").code, 0);
  const auto fewer = stream({"resume", path("k.snap"), "--rows", "900"});
  EXPECT_EQ(fewer.code, 2);
  EXPECT_THAT(fewer.err, HasSubstr("after row 1000"));
  const auto more = stream({"resume", path("k.snap"), "--rows", "0", "--json"});
  ASSERT_EQ(more.code, 0) << more.err;
  EXPECT_EQ(last_line(more.out).at("instances"), 3000);
  EXPECT_EQ(read_file(dir_ / "k.csv"), whole);
}

// What was said is there before the pipe ends, and Ctrl-C ends a run that waits for rows, with its snapshot.
TEST_F(StreamProgram, ServesAPipeThatFallsSilent) {
  ASSERT_EQ(mkfifo(path("rows").c_str(), 0600), 0);
  const auto interrupted = testing::in_child([&] {
    setpgid(0, 0);
    std::signal(SIGINT, SIG_IGN);  // the program sets its own
    std::thread([&] {
      std::ofstream rows(path("rows"));
      rows << "a,class\n";
      for (int i = 0; i < 40; ++i) rows << i % 3 << (i % 2 ? ",x\n" : ",y\n");
      rows << "1,cut" << std::flush;
      const auto said = [&] {
        const std::string text = std::filesystem::exists(dir_ / "p.csv") ? read_file(dir_ / "p.csv") : "";
        return std::count(text.begin(), text.end(), '\n');
      };
      for (int i = 0; i < 6000 && said() < 41; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      kill(0, said() < 41 ? SIGKILL : SIGINT);
      std::this_thread::sleep_for(std::chrono::minutes(2));
    }).detach();
    return stream({"run", path("rows"), "--format", "csv", "--guess-rows", "10", "--learner", "majority",
                   "--predictions", path("p.csv"), "--snapshot", path("s")})
        .code;
  });
  EXPECT_EQ(interrupted.code, 130);
  EXPECT_THAT(stream({"snapshot", path("s")}).out, HasSubstr("40"));
}

TEST_F(StreamProgram, ObeysCommandsWhileItRuns) {
  ASSERT_EQ(mkfifo(path("commands").c_str(), 0600), 0);
  const auto run = [&](const std::string& words, const std::string& commands) {
    const std::string script =
        "cd '" + dir_.path().string() + "'; '" + testing::program_path("conclave-stream").string() +
        "' run --control --json --quiet --learner " + words +
        " <commands >said 2>errors & exec 3>commands; " + commands + "; exec 3>&-; wait $!";
    return testing::run_program({"/bin/sh", "-c", script}, {{"CONCLAVE_HISTORY", path("history.db")}});
  };
  const std::string until_it_stands = "until grep -q '\"paused\":true' said; do sleep 0.02; done";
  const auto obeyed = run(
      "majority --generator sea --rows 400 --every 200",
      "echo step 30 >&3; " + until_it_stands + "; printf 'drift\\ndrift 9\\ndance\\nspeed x\\ngo\\n' >&3");
  ASSERT_EQ(obeyed.code, 0) << read_file(dir_ / "errors");
  const std::string said = read_file(dir_ / "said"), errors = read_file(dir_ / "errors");
  EXPECT_EQ(parse_json(said.substr(0, said.find('\n')), "said").at("instances"), 30);
  EXPECT_THAT(said, HasSubstr("drift asked for: function 2"));
  EXPECT_EQ(last_line(said).at("instances"), 400) << "a command that is none ends nothing";
  EXPECT_THAT(errors, HasSubstr("function = 9 is not in 1..4"));
  EXPECT_THAT(errors, HasSubstr("commands are: pause"));
  EXPECT_THAT(errors, HasSubstr("'x' is no whole number"));

  const auto looked_at = run("hoeffding-tree --generator sea --rows 4000 --every 2000 --stream-seed 3",
                             "echo step 3000 >&3; " + until_it_stands + "; printf 'trees\\ngo\\n' >&3");
  ASSERT_EQ(looked_at.code, 0) << read_file(dir_ / "errors");
  std::istringstream lines(read_file(dir_ / "said"));
  Json trees, last;
  for (std::string line; std::getline(lines, line);) {
    last = parse_json(line, "said");
    if (last.contains("trees") && !last.contains("accuracy")) trees = last;
  }
  EXPECT_EQ(trees.at("instances"), 3000) << "as they stand there";
  EXPECT_EQ(trees.at("trees").size(), 1u);
  EXPECT_EQ(last.at("trees").size(), 1u) << "and at the end";
  const Json& counts = last.at("confusion").at("counts");
  EXPECT_EQ(
      counts[0][0].get<int>() + counts[0][1].get<int>() + counts[1][0].get<int>() + counts[1][1].get<int>(),
      4000);
  EXPECT_NEAR((counts[0][0].get<double>() + counts[1][1].get<double>()) / 4000,
              last.at("accuracy").get<double>(), 1e-9);

  write_arff("c.arff", 500);
  ASSERT_EQ(run("majority c.arff", "echo drift >&3").code, 0) << "what ends with its commands goes on";
  EXPECT_THAT(read_file(dir_ / "errors"), HasSubstr("only a generated stream"));
  EXPECT_EQ(stream({"run", "-", "--control"}).code, 2);
  EXPECT_EQ(stream({"run", path("c.arff"), "--control", "--snapshot", path("s")}).code, 2);
}

TEST_F(StreamProgram, ShowsWhatASnapshotHolds) {
  write_arff("s.arff", 4000);
  ASSERT_EQ(stream({"run", path("s.arff"), "--snapshot", path("s.snap"), "--quiet"}).code, 0);
  const auto shown = stream({"inspect", path("s.snap"), "--json"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  const Json about = last_line(shown.out);
  EXPECT_EQ(about.at("trees"), 8);
  EXPECT_EQ(about.at("importance").size(), 9u);
  EXPECT_THAT(stream({"inspect", path("s.snap"), "--tree", "1", "--dot"}).out, HasSubstr("digraph"));
  const Json tree = last_line(stream({"inspect", path("s.snap"), "--tree", "1", "--json"}).out);
  EXPECT_TRUE(tree.contains("split") || tree.contains("leaf")) << tree;
  EXPECT_EQ(stream({"inspect", path("s.snap"), "--tree", "8"}).code, 2);
  const auto routing =
      testing::run_program({"conclave-history", "export", "last", "--what", "routing", "--split", "run"},
                           {{"CONCLAVE_HISTORY", path("history.db")}});
  EXPECT_THAT(routing.out, HasSubstr("experts"));
}

TEST_F(StreamProgram, MakesATableOfMeans) {
  write_file(dir_ / "t.toml",
             "[table]\nseeds = [1, 2, 3]\n[[stream]]\nname = \"s\"\nrows = 2000\ngenerator = {generator = "
             "\"stagger\"}\n"
             "[[learner]]\nname = \"tree\"\nlearner = \"hoeffding-tree\"\n"
             "[[learner]]\nname = \"most\"\nlearner = \"majority\"\n");
  const auto made = stream({"eval", path("t.toml"), "--json", "--threads", "2"});
  ASSERT_EQ(made.code, 0) << made.err;
  const Json last = last_line(made.out);
  EXPECT_EQ(last.at("learner"), "most");
  EXPECT_EQ(last.at("seeds"), 3);
  EXPECT_EQ(last.at("wilcoxon_p"), 0.25);  // three differences of one sign
  EXPECT_GT(last.at("lead_of_first").get<double>(), 0.05);
  EXPECT_EQ(stream({"eval", path("t.toml"), "--streams", "none"}).code, 2);
}

TEST_F(StreamProgram, MakesATableOfNumbersToo) {
  std::string rows = "a,b,y\n";
  for (int i = 0; i < 2000; ++i) rows += fmt::format("{},{},{}\n", i % 7, i % 5, 3 * (i % 7) + 0.5);
  write_file(dir_ / "n.csv", rows);
  write_file(dir_ / "t.toml",
             "[table]\nseeds = [1, 2]\n[[stream]]\nname = \"s\"\nfile = \"n.csv\"\nregression = true\n"
             "[[learner]]\nname = \"tree\"\nlearner = \"fimt-dd\"\n"
             "[[learner]]\nname = \"line\"\nlearner = \"linear-regressor\"\n");
  const auto made = stream({"eval", path("t.toml"), "--data", path(""), "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  const Json last = last_line(made.out);
  EXPECT_EQ(last.at("learner"), "line");
  EXPECT_LT(last.at("mae_mean").get<double>(), 0.5);
  EXPECT_GT(last.at("r2_mean").get<double>(), 0.9);
  // The first is ahead when its error is smaller.
  const bool ahead = last.at("lead_of_first").get<double>() > 0;
  EXPECT_EQ(last.at("first_is"), ahead ? "ahead" : "behind");
  const Json first = parse_json(made.out.substr(0, made.out.find('\n')), "first");
  EXPECT_EQ(ahead, first.at("mae").get<double>() < last.at("mae_mean").get<double>());
  const auto folds = stream({"validate", path("n.csv"), "--folds", "3", "--learner", "fimt-dd", "--json"});
  ASSERT_EQ(folds.code, 0) << folds.err;
  EXPECT_LT(last_line(folds.out).at("mae_mean").get<double>(), 3);
  EXPECT_EQ(last_line(folds.out).at("folds").size(), 3u);
}

TEST_F(StreamProgram, ComparesWithPeersAndRunsNothingTwice) {
  write_file(dir_ / "t.toml",
             "[table]\nseeds = [1, 2, 3]\n[[stream]]\nname = \"s\"\nrows = 2000\npeer = \"p\"\n"
             "generator = {generator = \"stagger\"}\n"
             "[[learner]]\nname = \"tree\"\nlearner = \"hoeffding-tree\"\n"
             "[[learner]]\nname = \"last\"\nlearner = \"no-change\"\npast_labels = true\n");
  std::string peers;
  for (int seed : {1, 2, 4})
    peers += fmt::format(
        "{{\"stream\": \"s\", \"learner\": \"other\", \"seed\": {}, \"accuracy\": 0.5, \"kappa_t\": 0.1}}\n",
        seed);
  write_file(dir_ / "peers.jsonl", peers);
  const auto words = std::vector<std::string>{"eval",    path("t.toml"),      "--results", path("r.jsonl"),
                                              "--peers", path("peers.jsonl"), "--threads", "1"};
  ASSERT_EQ(stream(words).code, 0);
  const std::string kept = read_file(dir_ / "r.jsonl");
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 6);
  auto again = words;
  again.push_back("--json");
  const auto made = stream(again);
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(read_file(dir_ / "r.jsonl"), kept);  // the speed in it would differ
  const Json last = last_line(made.out);         // the row that stands apart comes last
  EXPECT_EQ(last.at("learner"), "last");
  EXPECT_EQ(last.at("past_labels"), true);
  EXPECT_THAT(made.out, HasSubstr("\"learner\":\"other\",\"peer\":true"));
  EXPECT_THAT(made.out, HasSubstr("\"pairs\":2"));
  EXPECT_THAT(stream(words).out, HasSubstr("stands apart"));
}

TEST_F(StreamProgram, PredictsRowsThatItDoesNotLearn) {
  write_arff("p.arff", 3000);
  ASSERT_EQ(stream({"run", path("p.arff"), "--snapshot", path("p.snap"), "--quiet"}).code, 0);
  const auto shown = stream({"snapshot", path("p.snap"), "--json"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(last_line(shown.out).at("instances"), 3000);
  EXPECT_EQ(last_line(shown.out).at("version"), 3);
  const std::string snapshot = read_file(dir_ / "p.snap");
  const auto once = stream({"predict", path("p.snap"), path("p.arff")});
  ASSERT_EQ(once.code, 0) << once.err;
  EXPECT_THAT(once.out, ::testing::StartsWith("row,class,prediction\n1,"));
  EXPECT_EQ(std::count(once.out.begin(), once.out.end(), '\n'), 3001);
  EXPECT_EQ(stream({"predict", path("p.snap"), path("p.arff")}).out, once.out);
  EXPECT_EQ(read_file(dir_ / "p.snap"), snapshot);
  const auto record = last_line(stream({"predict", path("p.snap"), path("p.arff"), "--json"}).out);
  EXPECT_EQ(record.at("row"), 3000);
  EXPECT_EQ(record.at("shares").size(), 2u);
  write_file(dir_ / "bad.csv", "a,b\n1,2\n");
  EXPECT_EQ(stream({"predict", path("p.snap"), path("bad.csv")}).code, 1);
}

TEST_F(StreamProgram, WritesOtherLibrariesResultFiles) {
  write_arff("o.arff", 2500);
  ASSERT_EQ(stream({"run", path("o.arff"), "--learner", "hoeffding-tree", "--every", "1000", "--moa-csv",
                    path("moa.csv"), "--capymoa", path("capymoa"), "--quiet"})
                .code,
            0);
  const std::string moa = read_file(dir_ / "moa.csv");
  EXPECT_THAT(moa,
              ::testing::StartsWith("learning evaluation instances,evaluation time (cpu seconds),model cost "
                                    "(RAM-Hours),classified instances,classifications correct (percent),"));
  EXPECT_EQ(std::count(moa.begin(), moa.end(), '\n'), 4);  // header, 1000, 2000, 2500
  const std::string windowed = read_file(dir_ / "capymoa" / "windowed.csv");
  EXPECT_THAT(windowed, ::testing::StartsWith("instances,accuracy,kappa,kappa_t,kappa_m,f1_score,"));
  EXPECT_THAT(windowed, HasSubstr("recall_0,recall_1,roc_auc\n1000,"));
  const std::string cumulative = read_file(dir_ / "capymoa" / "cumulative.csv");
  EXPECT_THAT(cumulative, HasSubstr("\n2500,"));
  const double auc = std::stod(cumulative.substr(cumulative.rfind(',') + 1));
  EXPECT_GT(auc, 0.6);
  EXPECT_LT(auc, 1);
  const std::string rows = read_file(dir_ / "capymoa" / "ground_truth_y_and_predictions.csv");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 2501);
  EXPECT_EQ(stream({"run", path("o.arff"), "--moa-csv", path("m.csv"), "--snapshot", path("m.snap")}).code,
            2);
}

TEST_F(StreamProgram, ValidatesByFoldsAndThreadsChangeNoPrediction) {
  write_arff("v.arff", 3000);
  const auto made = stream({"validate", path("v.arff"), "--folds", "4", "--scheme", "split", "--learner",
                            "hoeffding-tree", "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(last_line(made.out).at("folds").size(), 4u);
  EXPECT_GT(last_line(made.out).at("accuracy_mean").get<double>(), 0.6);
  for (const char* threads : {"1", "3"})
    ASSERT_EQ(stream({"run", path("v.arff"), "--threads", threads, "--predictions",
                      path(std::string("v") + threads + ".csv"), "--labels", "0.5", "--quiet"})
                  .code,
              0);
  EXPECT_EQ(read_file(dir_ / "v1.csv"), read_file(dir_ / "v3.csv"));
  EXPECT_EQ(stream({"run", path("v.arff"), "--chunk", "10", "--delay", "5"}).code, 2);
}

// From one topic to another, killed on the way: the topic of predictions has one for every row, and what was
// said twice was said in the same words.
TEST_F(StreamProgram, NeitherSkipsNorRepeatsMessagesWhenItWasKilled) {
  testing::MockKafka broker;
  broker.create("rows", 1);
  broker.create("whole", 1);
  broker.create("cut", 1);
  const int rows = 6000;
  std::istringstream made(
      stream({"generate", "agrawal", "--function", "1,3", "--positions", "3000", "-n", std::to_string(rows)})
          .out);
  for (std::string line; std::getline(made, line);) broker.send("rows", 0, line);
  broker.flush();
  const auto words = [&](const std::string& name) {
    return std::vector<std::string>{"run",
                                    broker.url("rows", "until=end"),
                                    "--learner",
                                    "arf",
                                    "--every",
                                    "250",
                                    "--predictions",
                                    broker.url(name),
                                    "--snapshot",
                                    path(name + ".snap"),
                                    "--snapshot-every",
                                    "500",
                                    "--quiet"};
  };
  ASSERT_EQ(stream(words("whole")).code, 0);
  const auto killed = testing::in_child([&] {
    std::thread([&] {
      while (!std::filesystem::exists(dir_ / "cut.snap"))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      kill(0, SIGKILL);  // the group: this child and its program
    }).detach();
    setpgid(0, 0);
    return stream(words("cut")).code;
  });
  EXPECT_EQ(killed.code, 128 + SIGKILL);
  const auto resumed = stream({"resume", path("cut.snap"), "--json"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(last_line(resumed.out).at("instances"), rows);
  const auto by_key = [&](const std::string& topic) {
    std::map<std::string, std::string> said;
    for (const auto& message : broker.read_all(topic)) {
      const auto [known, fresh] = said.emplace(message.key, message.text);
      EXPECT_EQ(known->second, message.text) << message.key;
    }
    return said;
  };
  const auto whole = by_key("whole");
  EXPECT_EQ(whole.size(), static_cast<size_t>(rows));
  EXPECT_EQ(by_key("cut"), whole);
  EXPECT_THAT(whole.at("0/5999"), HasSubstr("\"offset\":5999"));
}

TEST_F(StreamProgram, OverwritesNothingThatItReads) {
  write_arff("a.arff", 300);
  const std::string before = read_file(dir_ / "a.arff");
  std::filesystem::create_hard_link(path("a.arff"), path("b.arff"));
  for (const char* option : {"--predictions", "--snapshot", "--moa-csv"})
    for (const char* file : {"a.arff", "b.arff", "./a.arff"}) {
      const auto run = stream({"run", path("a.arff"), "--learner", "majority", option, path(file)});
      EXPECT_EQ(run.code, 2) << option << " " << file;
      EXPECT_THAT(run.err, HasSubstr("is read by the same call"));
    }
  EXPECT_EQ(stream({"run", path("a.arff"), "--predictions", path("c"), "--snapshot", path("c")}).code, 2);
  EXPECT_EQ(stream({"run", path("a.arff"), "--learner", "majority", "--snapshot", path("s")}).code, 0);
  for (const char* file : {"s", "a.arff"})
    EXPECT_EQ(stream({"predict", path("s"), path("a.arff"), "--predictions", path(file)}).code, 2) << file;
  EXPECT_EQ(read_file(dir_ / "a.arff"), before);
}

TEST_F(StreamProgram, PredictsTheColumnThatItLearned) {
  write_file(dir_ / "r.csv", "y,a,b\np,1,2\nq,2,1\np,1,3\nq,3,1\n");
  ASSERT_EQ(stream({"run", path("r.csv"), "--label", "y", "--snapshot", path("s")}).code, 0);
  const auto said = stream({"predict", path("s"), path("r.csv")});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("1,p,"));
}

TEST_F(StreamProgram, ChecksWithoutLearning) {
  write_arff("a.arff", 300);
  const auto good = stream({"run", path("a.arff"), "--dry-run", "--snapshot", path("s")});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("9 inputs, 2 classes"));
  EXPECT_FALSE(std::filesystem::exists(path("s")));
  EXPECT_NE(stream({"run", path("none.arff"), "--dry-run"}).code, 0);
  EXPECT_EQ(stream({"run", path("a.arff"), "--dry-run", "--set", "foo=3"}).code, 2);
  EXPECT_EQ(stream({"run", "-", "--dry-run", "--set", "foo=3"}).code, 2);
}

}  // namespace
}  // namespace conclave
