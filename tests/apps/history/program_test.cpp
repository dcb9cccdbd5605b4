// conclave-history and the umbrella program, end to end.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <sstream>
#include <thread>

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

TEST_F(HistoryProgram, TagsNotesAndNamesAreShown) {
  EXPECT_EQ(history({"tag", "base", "paper", "draft"}).code, 0);
  EXPECT_EQ(history({"tag", "wide", "paper"}).code, 0);
  EXPECT_EQ(history({"tag"}).out, "    1  draft\n    2  paper\n");
  EXPECT_EQ(history({"tag", "base"}).out, "draft\npaper\n");
  EXPECT_EQ(history({"note", "base"}).out, "");
  EXPECT_EQ(history({"note", "base", "slow"}).code, 0);
  EXPECT_EQ(history({"note", "base", "--append", "and dear"}).code, 0);
  EXPECT_EQ(history({"note", "base"}).out, "slow\nand dear\n");
  EXPECT_EQ(history({"note", "base", ""}).code, 0);
  EXPECT_EQ(history({"note", "base"}).out, "");
  EXPECT_EQ(history({"name", "base", "baseline"}).code, 0);
  EXPECT_EQ(history({"show", "baseline"}).code, 0);
}

TEST_F(HistoryProgram, Search) {
  EXPECT_EQ(history({"note", "base", "diverges after the warm-up"}).code, 0);
  const auto lines = lines_of(history({"search", "diver", "warm-up", "--json"}).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["name"], "base");
  EXPECT_THAT(lines[0]["found"].get<std::string>(), HasSubstr("[diverges] after the [warm-up]"));
  EXPECT_THAT(history({"search", "diverges"}).out, HasSubstr("[diverges]"));
  const Outcome none = history({"search", "\"", "OR", "nothing*"});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(history({"search", ""}).code, 2);
}

TEST_F(HistoryProgram, QueryOnlyLooks) {
  const auto query = [&](const std::string& sql, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"query", "--sql", sql});
    return history(more);
  };
  EXPECT_EQ(query("SELECT name, id FROM run ORDER BY id").out, "name  id\nbase  1\nwide  2\n");
  EXPECT_EQ(query("SELECT name, NULL AS 'a,b' FROM run LIMIT 1", {"--format", "csv"}).out,
            "name,\"a,b\"\nbase,\n");
  const Json row = parse_json(query("SELECT 1.5 AS x, x'00ff' AS b", {"--json"}).out, "stdout");
  EXPECT_EQ(row, Json::parse(R"({"x": 1.5, "b": {"bytes": 2, "hex": "00ff"}})"));
  EXPECT_EQ(query("SELECT count(*) AS n FROM search WHERE words MATCH 'wide'").out, "n\n1\n");
  EXPECT_EQ(query("SELECT name FROM pragma_table_info('tag')").code, 0);
  EXPECT_EQ(
      query(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n")
          .out,
      "sum(i)\n15\n");
  const std::string before = history({"list", "--json"}).out;
  for (const char* sql :
       {"DELETE FROM run", "UPDATE run SET name = 'x'", "DROP TABLE run", "INSERT INTO tag VALUES (1, 'x')",
        "ATTACH 'x.db' AS x", "VACUUM INTO 'x.db'", "PRAGMA user_version = 9", "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = 0", "SELECT load_extension('x')", "CREATE TEMP TABLE x (y)", "BEGIN",
        "SELECT 1; SELECT 2", "SELEC 1", "", "-- nothing", "INSERT INTO search (search) VALUES ('rebuild')",
        "WITH x AS (SELECT 1) DELETE FROM run"}) {
    const Outcome outcome = query(sql);
    EXPECT_EQ(outcome.code, 2) << sql;
    EXPECT_EQ(outcome.out, "") << sql;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_EQ(history({"list", "--json"}).out, before);
  EXPECT_FALSE(std::filesystem::exists("x.db"));
  const std::string endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  const Outcome late = query(endless, {"--seconds", "0.2"});
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.err, HasSubstr("took longer than 0.2 s"));
  EXPECT_EQ(query("SELECT length(zeroblob(1000000000))").code, 1);
  const Outcome cut = query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                            {"--limit", "3", "--format", "csv"});
  EXPECT_EQ(cut.out, "i\n1\n2\n3\n");
  EXPECT_THAT(cut.err, HasSubstr("more rows"));
}

TEST_F(HistoryProgram, Lineage) {
  // base made weights.bin; a later run uses it and makes another file, which a third one uses.
  write_file(dir_ / "answers.json", "42");
  for (const auto& [name, in, out] :
       {std::array{"second", "weights.bin", "answers.json"}, std::array{"third", "answers.json", ""}}) {
    RunInfo info{"vqa", "eval"};
    info.name = name;
    RunWriter run(dir_ / "history.db", info);
    run.input(dir_ / in, "model");
    if (*out) run.output(dir_ / out, "answers");
    run.finish("finished", 0);
  }
  const auto third = lines_of(history({"lineage", "third", "--json"}).out);
  ASSERT_EQ(third.size(),
            3u);  // answers from `second`; weights from `base` and from `wide`, which made the same
  EXPECT_EQ(third[0]["from"], 3);
  EXPECT_EQ(third[0]["to"], 4);
  EXPECT_EQ(third[0]["direction"], "made_from");
  EXPECT_EQ(third[1]["from"], 1);
  EXPECT_EQ(third[2]["from"], 2);
  EXPECT_EQ(third[2]["to"], 3);
  const auto base = lines_of(history({"lineage", "base", "--json"}).out);
  ASSERT_EQ(base.size(), 2u);
  EXPECT_EQ(base[0]["to"], 3);
  EXPECT_EQ(base[1]["to"], 4);
  const std::string text = history({"lineage", "second"}).out;
  EXPECT_THAT(text, HasSubstr("weights.bin (checkpoint, ba7816bf8f01)\n    run 1  vqa train  base"));
  EXPECT_THAT(text, HasSubstr("answers.json"));
  EXPECT_THAT(text, HasSubstr("run 4  vqa eval  third"));
}

TEST_F(HistoryProgram, BackupMergeAndSync) {
  const std::string other = (dir_ / "other.db").string();
  EXPECT_EQ(history({"backup", other}).code, 0);
  EXPECT_EQ(history({"backup", other}).code, 2);  // never over a file that is there
  EXPECT_EQ(history({"note", "base", "kept here"}).code, 0);
  EXPECT_EQ(lines_of(history({"list", "--history", other, "--json"}).out).size(), 2u);
  add("third", 0.1, 0.5, {});
  EXPECT_EQ(history({"merge", (dir_ / "history.db").string(), "--history", other}).out,
            "1 runs added, 0 had gone on, 2 were the same\n");
  EXPECT_EQ(history({"note", "base", "--history", other}).out, "kept here\n");
  EXPECT_EQ(history({"merge", (dir_ / "history.db").string()}).code, 2);  // itself
  EXPECT_EQ(history({"merge", (dir_ / "weights.bin").string()}).code, 1);

  // Another machine, whose ssh is a script that runs the command here.
  write_file(dir_ / "ssh",
             "#!/bin/sh\n[ \"$1\" = far ] || { echo unreachable >&2; exit 255; }\nshift\n"
             "PATH=" +
                 testing::program_path("x").parent_path().string() + ":$PATH exec sh -c \"$*\"\n");
  std::filesystem::permissions(dir_ / "ssh", std::filesystem::perms::owner_all);
  const std::string ssh = (dir_ / "ssh").string(), here = (dir_ / "here.db").string();
  const Outcome synced = history({"sync", "far", "--ssh", ssh, "--remote-history", other, "--history", here});
  EXPECT_EQ(synced.code, 0) << synced.err;
  EXPECT_EQ(synced.out, "3 runs added, 0 had gone on, 0 were the same\n");
  EXPECT_EQ(lines_of(history({"list", "accuracy=0.5", "--history", here, "--json"}).out).size(), 1u);
  EXPECT_EQ(history({"sync", "nowhere", "--ssh", ssh, "--history", here}).code, 1);
  EXPECT_EQ(history({"sync", "-oProxyCommand=x", "--ssh", ssh, "--history", here}).code, 2);
  EXPECT_EQ(history({"check", "--history", here}).code, 0);
}

TEST_F(HistoryProgram, ExportAndImportForOtherPrograms) {
  for (const std::string format : {"mlflow", "tensorboard"}) {
    const std::string folder = (dir_ / format).string(), other = (dir_ / (format + ".db")).string();
    EXPECT_EQ(history({"export", "--all", "--format", format}).code, 2);  // where to?
    EXPECT_EQ(history({"export", "--all", "--format", format, "--output", folder}).code, 0);
    const Outcome outcome = history({"import", folder, "--history", other});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("2 runs added"));
    EXPECT_THAT(history({"import", folder, "--history", other}).out, HasSubstr("2 were the same"));
    EXPECT_EQ(lines_of(history({"list", "accuracy>0.85", "--history", other, "--json"}).out).size(), 1u);
  }
  EXPECT_EQ(history({"export", "base", "--output", (dir_ / "c.csv").string()}).code, 0);
  EXPECT_THAT(history({"import", (dir_ / "c.csv").string()}).out, HasSubstr("1 runs added"));
  EXPECT_EQ(lines_of(history({"list", "app:csv", "--json"}).out).at(0)["metrics"]["accuracy"]["points"], 2);
  EXPECT_EQ(history({"export"}).code, 2);
}

TEST_F(HistoryProgram, Watch) {
  const std::string table = history({"watch", "--once"}).out;
  EXPECT_THAT(table, HasSubstr("0 running, 2 shown"));
  EXPECT_THAT(table, HasSubstr("accuracy=0.9 loss=nan"));
  const std::string page = history({"watch", "--run", "wide", "--once"}).out;
  EXPECT_THAT(page, HasSubstr("run 2  vqa train  wide   finished"));
  EXPECT_THAT(page, HasSubstr("█▁"));  // accuracy fell
  EXPECT_THAT(page, HasSubstr("·"));   // loss was no number
  EXPECT_EQ(lines_of(history({"watch", "--json", "--once"}).out).size(), 2u);
  EXPECT_EQ(lines_of(history({"watch", "--run", "wide", "--json"}).out).size(),
            1u);  // it has ended: so does watch
  EXPECT_EQ(history({"watch", "--run", "none"}).code, 2);
  EXPECT_EQ(history({"watch", "--once", "--on-alert", "'not closed"}).code, 2);

  // A run that goes on is followed to its end.
  RunInfo info{"stream", "run"};
  info.name = "live";
  std::optional<RunWriter> run;
  run.emplace(dir_ / "history.db", info);
  run->metric("loss", 1, 5);
  run->flush();
  std::jthread writer([&] {
    for (int i = 2; i < 6; ++i) {
      run->metric("loss", i, i < 4 ? std::numeric_limits<double>::quiet_NaN() : 1.0);
      run->flush();
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    run->finish("finished", 0);
  });
  const std::string hook = "sh -c 'cat >> \"$1\"' hook '" + (dir_ / "alerts").string() + "'";
  auto lines =
      lines_of(history({"watch", "--run", "live", "--json", "--interval", "0.1", "--on-alert", hook}).out);
  ASSERT_GE(lines.size(), 3u);
  const auto alert =
      std::find_if(lines.begin(), lines.end(), [](const Json& line) { return line.contains("alert"); });
  ASSERT_NE(alert, lines.end());
  EXPECT_EQ((*alert)["alert"], "not finite");
  lines.erase(alert);  // told once
  const auto told = lines_of(read_file(dir_ / "alerts"));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["alert"], "not finite");
  EXPECT_EQ(told[0]["run"], 3);
  EXPECT_THAT(told[0]["text"].get<std::string>(), ::testing::MatchesRegex("loss is nan at step [23]"));
  EXPECT_EQ(told[0]["history"], (dir_ / "history.db").string());
  EXPECT_EQ(lines.front()["status"], "running");
  EXPECT_EQ(lines.back()["status"], "finished");
  EXPECT_EQ(lines.back()["metrics"]["loss"]["points"], 5);
}

TEST_F(HistoryProgram, WatchTellsOfLayersThatDropTokens) {
  RunWriter run(dir_ / "history.db", {"stream", "run"});
  RoutingRow row;
  row.site = "layer.0";
  row.modality = "text";
  row.counts = {90};
  row.dropped = {10};
  for (int64_t step = 0; step <= 100; step += 10) run.routing("train", step, std::span(&row, 1));
  run.flush();
  const std::string text = "layer.0 drops more than 8 % of its tokens for 100 steps, 10.0 % at step 100";
  EXPECT_THAT(history({"watch", "--once", "--drop-steps", "100", "--drop-share", "0.08"}).out,
              HasSubstr("! run 3: " + text));
  for (const char* share : {"0.2", "0.1"})
    EXPECT_EQ(history({"watch", "--once", "--drop-steps", "100", "--drop-share", share}).out.find("drops"),
              std::string::npos);
  EXPECT_EQ(history({"watch", "--once"}).out.find("drops"), std::string::npos) << "not so many steps";
  EXPECT_EQ(history({"watch", "--once", "--drop-share", "7"}).code, 2);
  const std::string hook = "cp /dev/stdin '" + (dir_ / "drops").string() + "'";
  history({"watch", "--once", "--drop-steps", "100", "--on-alert", hook});
  EXPECT_EQ(parse_json(read_file(dir_ / "drops"), "alert")["alert"], "dropped tokens");
}

TEST_F(HistoryProgram, CheckSaysWhatHelps) {
  EXPECT_EQ(history({"check", "--repair"}).code, 0);
  std::string bytes = read_file(dir_ / "history.db");
  for (size_t at = 3 * 4096; at < 5 * 4096; ++at) bytes[at] = 'x';
  write_file(dir_ / "broken.db", bytes);
  const std::string broken = (dir_ / "broken.db").string();
  Outcome outcome = history({"check", "--history", broken});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("What helps"));
  outcome = history({"check", "--salvage", (dir_ / "saved.db").string(), "--history", broken});
  EXPECT_NE(outcome.code, 2) << outcome.err;
  EXPECT_EQ(history({"check", "--history", (dir_ / "saved.db").string()}).code, 0);
  EXPECT_EQ(history({"check", "--salvage", (dir_ / "saved.db").string()}).code, 2);
}

TEST_F(HistoryProgram, NewerLockedAndFull) {
  const auto path = dir_ / "history.db";
  {
    SQLite::Database db(path.string(), SQLite::OPEN_READWRITE);
    const int version = db.execAndGet("PRAGMA user_version").getInt();
    db.exec("PRAGMA user_version = 99");
    const Outcome newer = history({"list"});
    EXPECT_EQ(newer.code, 1);
    EXPECT_THAT(newer.err, HasSubstr("was written by a newer version (schema 99"));
    db.exec(fmt::format("PRAGMA user_version = {}", version));
    db.exec("BEGIN IMMEDIATE");
    const Outcome locked = history({"tag", "base", "paper"});
    EXPECT_EQ(locked.code, 1);
    EXPECT_THAT(locked.err, HasSubstr("another program holds the history"));
    EXPECT_EQ(history({"list"}).code, 0);  // looking needs no lock
  }
  const Outcome full = testing::in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit size{20000, 20000};
    ::setrlimit(RLIMIT_FSIZE, &size);
    const Outcome outcome = history({"backup", (dir_ / "copy.db").string()});
    return outcome.code;
  });
  EXPECT_EQ(full.code, 1);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "copy.db"));
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    EXPECT_NE(entry.path().extension(), ".part") << entry.path();
}

TEST_F(HistoryProgram, ReadOnly) {
  const auto as_nobody = [&](std::vector<std::string> words) {
    return testing::in_child([&] {
      if (::geteuid() == 0 && ::setuid(65534) != 0) return 77;
      const Outcome outcome = history(words);
      fmt::print("{}", outcome.out);
      fmt::print(stderr, "{}", outcome.err);
      return outcome.code;
    });
  };
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0555), 0);
  ASSERT_EQ(::chmod((dir_ / "history.db").c_str(), 0444), 0);
  const Outcome looking = as_nobody({"list", "--json"}), writing = as_nobody({"tag", "base", "paper"});
  const Outcome asking = as_nobody({"query", "--sql", "SELECT count(*) AS n FROM run"});
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((dir_ / "history.db").c_str(), 0644), 0);
  if (looking.code == 77) GTEST_SKIP() << "cannot become another user";
  if (looking.code == 127) GTEST_SKIP() << "the program lies where another user may not look";
  EXPECT_EQ(looking.code, 0) << looking.err;
  EXPECT_EQ(lines_of(looking.out).size(), 2u);
  EXPECT_THAT(looking.err, HasSubstr("looking only"));
  EXPECT_EQ(writing.code, 1);
  EXPECT_THAT(writing.err, HasSubstr("the history may only be read here"));
  EXPECT_EQ(asking.out, "n\n2\n");
}

TEST_F(HistoryProgram, FullDisk) {
  write_file(dir_ / "log.csv", [] {
    std::string text = "step,loss\n";
    for (int i = 0; i < 20000; ++i) text += fmt::format("{},{}\n", i, 1.0 / (i + 1));
    return text;
  }());
  const Outcome full = testing::in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit size{250000, 250000};
    ::setrlimit(RLIMIT_FSIZE, &size);
    const Outcome outcome = history({"import", (dir_ / "log.csv").string()});
    fmt::print(stderr, "{}", outcome.err);
    return outcome.code;
  });
  EXPECT_EQ(full.code, 1) << full.err;
  EXPECT_EQ(std::count(full.err.begin(), full.err.end(), '\n'), 1) << full.err;
  EXPECT_EQ(history({"check"}).code, 0);  // and what was there is sound
  EXPECT_EQ(lines_of(history({"list", "--json"}).out).size(), 2u);
  EXPECT_EQ(history({"import", (dir_ / "log.csv").string()}).code, 0);
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
