// conclave-history and the umbrella program, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/history/run_writer.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::run_program;

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line, "stdout"));
  return lines;
}

class HistoryProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(dir_ / "weights.bin", "abc");
    add("base", 0.001, 0.8, {});
    add("wide", 0.01, 0.9, {{"width", 64, "flag (--width)"}});
  }
  void add(const std::string& name, double lr, double accuracy, std::vector<RunParam> more) {
    RunInfo info{"vqa", "train"};
    info.name = name;
    info.argv = {"conclave-vqa", "train", "--note", "it's, \"so\""};
    RunWriter run(dir_ / "history.db", info);
    more.push_back({"lr", lr, "flag (--lr)"});
    more.push_back({"seed", 0, "default"});
    run.params(more);
    run.describe_metric("accuracy", "", "max");
    run.metric("accuracy", 1, 0.95);
    run.metric("accuracy", 2, accuracy);
    run.metric("loss", 1, std::numeric_limits<double>::quiet_NaN());
    RoutingRow row;
    row.site = "layer.0";
    row.modality = "text";
    row.tokens = 3;
    row.counts = {1, 2};
    run.routing("train", 2, std::span(&row, 1));
    run.output(dir_ / "weights.bin", "checkpoint");
    run.finish("finished", 0);
  }
  Outcome history(std::vector<std::string> words) {
    words.insert(words.begin(), "conclave-history");
    return run_program(words, {{"CONCLAVE_HISTORY", (dir_ / "history.db").string()},
                               {"XDG_CONFIG_HOME", (dir_ / "config").string()},
                               {"XDG_STATE_HOME", (dir_ / "state").string()}});
  }
  testing::TempDir dir_;
};

TEST_F(HistoryProgram, List) {
  Outcome outcome = history({"list"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("ID  STATUS    APP  VERB   NAME"));
  EXPECT_THAT(outcome.out, HasSubstr("accuracy=0.9 loss=nan"));
  const auto lines = lines_of(history({"list", "--json"}).out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["name"], "wide");  // newest first
  EXPECT_EQ(lines[0]["metrics"]["accuracy"]["last"], 0.9);
  EXPECT_EQ(lines[0]["metrics"]["accuracy"]["max"], 0.95);
  EXPECT_EQ(lines[0]["metrics"]["loss"]["last"], "nan");
  EXPECT_EQ(lines_of(history({"list", "accuracy<0.85", "app:vqa", "--json"}).out).size(), 1u);
  outcome = history({"list", "--limit", "1", "--json"});
  EXPECT_EQ(lines_of(outcome.out).size(), 1u);
  EXPECT_EQ(history({"list", "accuracy>x"}).code, 2);
}

TEST_F(HistoryProgram, Show) {
  const Outcome outcome = history({"show", "wide"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("conclave-vqa train --note 'it'\\''s, \"so\"'"));
  EXPECT_THAT(outcome.out, HasSubstr("flag (--width)"));
  EXPECT_THAT(outcome.out, HasSubstr("ba7816bf8f01"));
  const Json run = parse_json(history({"show", "last", "--json"}).out, "stdout");
  EXPECT_EQ(run["argv"][3], "it's, \"so\"");
  EXPECT_EQ(run["params"].size(), 3u);
  EXPECT_EQ(run["artifacts"][0]["size"], 3);
  EXPECT_EQ(history({"show", "nothing"}).code, 2);
  EXPECT_EQ(history({"show"}).code, 2);
}

TEST_F(HistoryProgram, Compare) {
  const Json both = parse_json(history({"compare", "base", "wide", "--json"}).out, "stdout");
  // The union of parameters, differing ones first; one that only a single run has differs.
  ASSERT_EQ(both["params"].size(), 3u);
  EXPECT_EQ(both["params"][0], Json::parse(R"({"key": "lr", "values": [0.001, 0.01], "differs": true})"));
  EXPECT_EQ(both["params"][1], Json::parse(R"({"key": "width", "values": [null, 64], "differs": true})"));
  EXPECT_EQ(both["params"][2]["differs"], false);
  EXPECT_EQ(both["metrics"][0]["name"], "accuracy");
  EXPECT_NEAR(both["metrics"][0]["deltas"][1].get<double>(), 0.1, 1e-12);
  EXPECT_EQ(both["metrics"][1]["deltas"][1], "nan");
  const Json best =
      parse_json(history({"compare", "base", "wide", "--value", "best", "--json"}).out, "stdout");
  EXPECT_EQ(best["metrics"][0]["values"], Json({0.95, 0.95}));
  const Outcome outcome = history({"compare", "base", "wide"});
  EXPECT_THAT(outcome.out, HasSubstr("accuracy (max)"));
  EXPECT_THAT(outcome.out, HasSubstr("+0.1"));
  EXPECT_EQ(history({"compare", "base"}).code, 2);
}

TEST_F(HistoryProgram, Export) {
  const Outcome csv = history({"export", "base", "--metrics", "accuracy"});
  EXPECT_THAT(csv.out,
              ::testing::MatchesRegex(
                  "run,metric,step,seconds,value\n1,accuracy,1,[0-9.]+,0.95\n1,accuracy,2,[0-9.]+,0.8\n"));
  const auto lines = lines_of(history({"export", "base", "wide", "--format", "json"}).out);
  EXPECT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[2]["value"], "nan");
  EXPECT_EQ(history({"export", "base", "--what", "routing", "--output", (dir_ / "r.csv").string()}).code, 0);
  EXPECT_EQ(read_file(dir_ / "r.csv"),
            "run,split,step,site,modality,expert,tokens,count,prob_sum,dropped\n"
            "1,train,2,layer.0,text,0,3,1,,0\n1,train,2,layer.0,text,1,3,2,,0\n");
  EXPECT_EQ(history({"export", "base", "--metrics", "absent"}).code, 2);
}

TEST_F(HistoryProgram, TagNotePruneRestoreCheck) {
  EXPECT_EQ(history({"tag", "base", "paper", "draft"}).code, 0);
  EXPECT_EQ(history({"tag", "base", "draft", "--remove"}).code, 0);
  EXPECT_EQ(history({"note", "base", "much too slow"}).code, 0);
  EXPECT_EQ(lines_of(history({"list", "tag:paper", "slow", "--json"}).out).size(), 1u);
  EXPECT_EQ(history({"prune"}).code, 2);
  EXPECT_EQ(lines_of(history({"prune", "tag:paper", "--dry-run", "--json"}).out).size(), 1u);
  EXPECT_EQ(lines_of(history({"list", "--json"}).out).size(), 2u);
  EXPECT_EQ(history({"prune", "--older-than", "1"}).out, "");
  EXPECT_EQ(history({"prune", "tag:paper"}).code, 0);
  EXPECT_EQ(lines_of(history({"list", "--json"}).out).size(), 1u);
  EXPECT_EQ(lines_of(history({"list", "--bin", "--json"}).out).size(), 1u);
  EXPECT_EQ(history({"restore", "base"}).code, 0);
  EXPECT_EQ(lines_of(history({"list", "--json"}).out).size(), 2u);
  EXPECT_EQ(history({"prune", "tag:paper"}).code, 0);
  EXPECT_EQ(history({"prune", "--empty-bin"}).code, 0);
  EXPECT_EQ(history({"restore", "base"}).code, 2);
  EXPECT_EQ(history({"check"}).code, 0);
}

TEST_F(HistoryProgram, DamagedAndAbsent) {
  write_file(dir_ / "broken.db", std::string(4096, 'x'));
  Outcome outcome = history({"list", "--history", (dir_ / "broken.db").string()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the history is damaged"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  outcome = history({"list", "--history", (dir_ / "none.db").string()});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "none.db"));  // looking makes nothing
  EXPECT_EQ(history({"show", "last", "--history", (dir_ / "none.db").string()}).code, 1);
  EXPECT_EQ(history({"import", (dir_ / "weights.bin").string()}).code, 1);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "weights.bin"));
}

TEST_F(HistoryProgram, DescribeAndUmbrella) {
  const Json about = parse_json(history({"--describe"}).out, "stdout");
  EXPECT_EQ(about["app"], "history");
  EXPECT_EQ(about["verbs"][0]["verb"], "list");
  const std::map<std::string, std::string> environment{{"CONCLAVE_HISTORY", (dir_ / "history.db").string()}};
  Outcome outcome = run_program({"conclave", "history", "list", "--json"}, environment);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, history({"list", "--json"}).out);
  EXPECT_THAT(run_program({"conclave", "--help"}).out, HasSubstr("  history"));
  EXPECT_EQ(run_program({"conclave"}).code, 2);
  outcome = run_program({"conclave", "histroy", "list"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no application 'histroy'; did you mean 'history'?"));
  EXPECT_EQ(run_program({"conclave", "../bin/conclave-history"}).code, 2);
  EXPECT_EQ(run_program({"conclave", "history", "lst"}).code, 2);
  EXPECT_THAT(run_program({"conclave", "--version"}).out, HasSubstr("conclave 0."));
}

}  // namespace
}  // namespace conclave
