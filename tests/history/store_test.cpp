#include "framework/history/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/history/machine.h"
#include "framework/history/record.h"
#include "framework/history/run_writer.h"
#include "framework/history/schema.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

class StoreTest : public ::testing::Test {
 protected:
  // A finished run with one parameter and the last value of "accuracy".
  std::string add(const std::string& app, double lr, double accuracy, const std::string& name = "") {
    RunInfo info{app, "train", name, "exp", {"conclave-" + app, "train", "--lr", "x y"}, "0.1.0", 7, ""};
    RunWriter run(path(), info);
    const RunParam params[] = {{"lr", lr, "flag (--lr)"}, {"mode", "experts only", "default"}};
    run.params(params);
    run.metric("accuracy", 1, accuracy / 2);
    run.metric("accuracy", 2, accuracy);
    run.finish("finished", 0);
    return run.uuid();
  }
  std::filesystem::path path() const { return dir_ / "h" / "history.db"; }
  testing::TempDir dir_;
};

TEST_F(StoreTest, KeepsARunWhoseArgumentsAreNoText) {
  RunWriter run(path(), {"vqa", "run", "", "exp", {"conclave-vqa", "run", "what\xff\xfe"}, "0.1.0", 1, ""});
  run.finish("finished", 0);
  const Store store = Store::open(path());
  EXPECT_EQ(store.show(store.list().at(0).id).argv.back(), "what\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(StoreTest, RunIsKeptWhole) {
  write_file(dir_ / "model.bin", "abc");
  std::string uuid;
  {
    RunWriter run(path(), {"vqa",
                           "train",
                           "first",
                           "exp",
                           {"conclave-vqa", "train"},
                           "0.1.0",
                           18446744073709551615u,
                           "parent"});
    uuid = run.uuid();
    run.param("steps", 100, "flag (--steps)");
    run.describe_metric("loss", "nats", "min");
    for (int step = 0; step < 5; ++step) run.metric("loss", 10 * step, 5.0 - step);
    run.input(dir_ / "model.bin", "checkpoint");
    run.output(dir_ / "model.bin", "checkpoint");
    run.input(dir_ / "absent.bin", "checkpoint");  // warned of, nothing more
    run.tag("paper");
    run.note("looks good");
    run.event("warning", "expert 3 is dead", 40);
    run.finish("finished", 0);
  }
  const Store store = Store::open(path());
  const auto runs = store.list();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].uuid, uuid);
  EXPECT_EQ(runs[0].status, "finished");
  EXPECT_EQ(runs[0].exit_code, 0);
  EXPECT_THAT(runs[0].tags, ElementsAre("paper"));
  ASSERT_EQ(runs[0].metrics.size(), 1u);
  const MetricSummary& loss = runs[0].metrics[0];
  EXPECT_EQ(loss.name, "loss");
  EXPECT_EQ(loss.unit, "nats");
  EXPECT_EQ(loss.goal, "min");
  EXPECT_EQ(loss.step, 40);
  EXPECT_EQ(loss.last, 1.0);
  EXPECT_EQ(loss.low, 1.0);
  EXPECT_EQ(loss.high, 5.0);
  EXPECT_EQ(loss.n, 5);

  const RunDetail run = store.show(runs[0].id);
  EXPECT_EQ(run.experiment, "exp");
  EXPECT_EQ(run.seed, "18446744073709551615");
  EXPECT_EQ(run.parent, "parent");
  EXPECT_THAT(run.argv, ElementsAre("conclave-vqa", "train"));
  EXPECT_EQ(run.note, "looks good");
  ASSERT_EQ(run.params.size(), 1u);
  EXPECT_EQ(run.params[0].value, 100);
  EXPECT_EQ(run.params[0].source, "flag (--steps)");
  ASSERT_EQ(run.artifacts.size(), 2u);
  EXPECT_EQ(run.artifacts[0].direction, "input");
  EXPECT_EQ(run.artifacts[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(run.artifacts[0].size, 3);
  EXPECT_EQ(store.runs_with_artifact(run.artifacts[0].sha256), std::vector<int64_t>{run.id});
  ASSERT_EQ(run.events.size(), 1u);
  EXPECT_EQ(run.events[0].step, 40);
  EXPECT_GT(run.machine["cores"], 0);
  EXPECT_EQ(run.pid, ::getpid());
}

TEST_F(StoreTest, CurvesAcrossChunks) {
  constexpr int kPoints = 2500;  // two and a half chunks
  RunWriter run(path(), {"stream", "run"});
  std::vector<int64_t> steps;
  for (int i = 0; i < kPoints; ++i) {
    const int64_t step = i < 1200 ? 10 * i : 10 * i + i % 7;  // evenly spaced at first
    steps.push_back(step);
    run.metric("a", step, i + 0.25);
    if (i % 333 == 0) run.flush();  // the tail is written again and again
  }
  run.finish("finished", 0);
  const Store store = Store::open(path());
  const int64_t id = store.find("last");
  const Series series = store.series(id, "a");
  EXPECT_EQ(series.steps, steps);
  for (int i = 0; i < kPoints; ++i) ASSERT_EQ(series.values[static_cast<size_t>(i)], i + 0.25);
  EXPECT_EQ(series.seconds.size(), steps.size());
  const Series tail = store.series_from(id, "a", 1234);
  EXPECT_EQ(tail.steps, std::vector<int64_t>(steps.begin() + 1234, steps.end()));
  EXPECT_EQ(store.series_from(id, "a", 9999).size(), 0u);
  EXPECT_EQ(store.series(id, "absent").size(), 0u);
  EXPECT_EQ(store.database().execAndGet("SELECT count(*) FROM metric_chunk").getInt(), 3);
  EXPECT_TRUE(store.database().execAndGet("SELECT steps IS NULL FROM metric_chunk WHERE chunk = 0").getInt());
}

// Every point in one bucket, in order; low and high as brute force finds them.
void expect_outline(const std::vector<Bucket>& buckets, const Series& series, size_t from, size_t to) {
  size_t place = series.size();
  for (size_t i = 0; i <= from; ++i)  // buckets at the edges may reach beyond the points asked for
    if (series.steps[i] == buckets.at(0).first_step) place = i;
  ASSERT_LE(place, from);
  for (const Bucket& bucket : buckets) {
    ASSERT_LE(place + bucket.n, series.size());
    const Bucket wanted = summarize(series, place, place + bucket.n);
    ASSERT_EQ(bucket.first_step, wanted.first_step);
    ASSERT_EQ(bucket.last_step, wanted.last_step);
    ASSERT_EQ(bucket.nonfinite, wanted.nonfinite);
    if (wanted.nonfinite < wanted.n) {
      ASSERT_EQ(bucket.low, wanted.low);
      ASSERT_EQ(bucket.high, wanted.high);
      ASSERT_NEAR(bucket.mean, wanted.mean, 1e-9 * std::abs(wanted.mean) + 1e-9);
    } else {
      ASSERT_TRUE(std::isnan(bucket.low) && std::isnan(bucket.high) && std::isnan(bucket.mean));
    }
    place += bucket.n;
  }
  ASSERT_GE(place, to);
}

TEST_F(StoreTest, OutlineShowsEveryPoint) {
  const std::string uuid = add("stream", 1, 1);
  Store store = Store::open(path());
  Curves curves;
  Series& series = curves["loss"];
  for (int i = 0; i < 123456; ++i) {  // chunk rows, rows of levels 2 and 3, and a tail at each
    series.steps.push_back(7 * i);
    series.seconds.push_back(static_cast<float>(i) / 100);
    series.values.push_back(i == 5000 ? kNan : i == 77777 ? 1e6 : std::sin(i / 1000.0));
  }
  store.record({}, uuid, curves);
  const int64_t id = store.find("last");
  for (const auto& [from, to, columns] : std::vector<std::array<int64_t, 3>>{{0, 123456, 2000},
                                                                             {0, 123456, 100},
                                                                             {0, 123456, 3},
                                                                             {0, 123456, 1},
                                                                             {0, 123456, 123456},
                                                                             {111, 99999, 700},
                                                                             {70000, 80000, 50},
                                                                             {123455, 123456, 10},
                                                                             {5000, 5001, 1}}) {
    const auto buckets = store.outline(id, "loss", columns, from, to);
    EXPECT_LE(static_cast<int64_t>(buckets.size()), columns + 1);
    expect_outline(buckets, series, static_cast<size_t>(from), static_cast<size_t>(to));
  }
  // The one high point is seen from afar.
  bool seen = false;
  for (const Bucket& bucket : store.outline(id, "loss", 60)) seen = seen || bucket.high == 1e6;
  EXPECT_TRUE(seen);
  EXPECT_EQ(store.outline(id, "loss", 60).front().n, 3000u);  // groups begin at multiples of their size
  EXPECT_TRUE(store.outline(id, "absent", 60).empty());
  EXPECT_TRUE(store.outline(id, "loss", 60, 5, 5).empty());
  EXPECT_TRUE(store.outline(id, "loss", 0).empty());
  for (const int64_t step : {-5, 0, 1, 7, 6999, 7000, 7001, 7 * 123455, 900000})
    EXPECT_EQ(store.point_at(id, "loss", step), std::clamp<int64_t>((step + 6) / 7, 0, 123456)) << step;
  EXPECT_EQ(store.database().execAndGet("SELECT count(*) FROM metric_outline WHERE level = 3").getInt(), 1);
}

TEST_F(StoreTest, OutlineGrowsWithARun) {
  Series series;
  {
    RunWriter run(path(), {"stream", "run"});
    for (int i = 0; i < 23456; ++i) {
      run.metric("a", i, i % 317);
      series.steps.push_back(i);
      series.seconds.push_back(0);
      series.values.push_back(i % 317);
      if (i % 1234 == 0) run.flush();
    }
    run.finish("finished", 0);
  }
  const Store store = Store::open(path());
  const auto buckets = store.outline(1, "a", 50);
  size_t place = 0;
  for (const Bucket& bucket : buckets) {
    const Bucket wanted = summarize(series, place, place + bucket.n);
    EXPECT_EQ(bucket.low, wanted.low);
    EXPECT_EQ(bucket.high, wanted.high);
    place += bucket.n;
  }
  EXPECT_EQ(place, series.size());
}

TEST_F(StoreTest, ListWithChosenParameters) {
  for (int i = 0; i < 3; ++i) {
    RunWriter run(path(), {"toy", "train"});
    const RunParam params[] = {
        {"b", i, "default"}, {"a", "text", "default"}, {"c", Json::array({1, 2}), "default"}};
    run.params(params);
    if (i == 1) run.param("once", true, "default");
    run.finish("finished", 0);
  }
  const Store store = Store::open(path());
  EXPECT_TRUE(store.list()[0].params.empty()) << "none unless asked for";
  const auto runs = store.list({}, std::nullopt, {"once", "b", "a", "none"});
  ASSERT_EQ(runs.size(), 3u);
  ASSERT_EQ(runs[0].params.size(), 2u);
  EXPECT_EQ(runs[0].params[0].value, "text") << "by key";
  EXPECT_EQ(runs[0].params[1].value, 2);
  EXPECT_EQ(runs[1].param("once")->value, true);
  EXPECT_EQ(runs[0].param("once"), nullptr);
  const int64_t newest[] = {runs[0].id, 99};
  EXPECT_THAT(store.param_keys(newest), ElementsAre("a", "b", "c"));
}

TEST_F(StoreTest, ListOfChosenMetrics) {
  for (int i = 0; i < 600; ++i) {  // more than are asked for one by one
    Store store = Store::open(path());
    std::vector<Json> records;
    const std::string uuid = new_uuid();
    records.push_back(Json::parse(R"({"op": "start", "time_ms": 1, "app": "toy", "verb": "train", "argv": [],
        "machine": {}, "process": {"host": "far", "pid": 1, "start": 1}})"));
    Curves curves;
    for (const char* name : {"c", "a", "b"}) curves[name] = {{i}, {0}, {i + 0.5}};
    records[0]["run"] = uuid;
    store.record(records, uuid, curves);
    if (i % 100 != 0) continue;
    store.add_tag(store.find("last"), "hundred");
  }
  const Store store = Store::open(path());
  const auto all = store.list();
  ASSERT_EQ(all.size(), 600u);
  RunFilter newest;
  newest.limit = 3;
  const auto few = store.list(newest, std::vector<std::string>{"c", "none", "a"});
  const auto many = store.list({}, std::vector<std::string>{"c", "none", "a"});
  for (const auto* runs : {&few, &many}) {
    EXPECT_EQ((*runs)[0].id, 600);
    ASSERT_EQ((*runs)[0].metrics.size(), 2u);
    EXPECT_EQ((*runs)[0].metrics[0].name, "a");
    EXPECT_EQ((*runs)[0].metrics[1].name, "c");
    EXPECT_EQ((*runs)[1].metrics[1].last, 598.5);
  }
  EXPECT_EQ(all[0].metrics.size(), 3u);
  EXPECT_EQ(all[0].metrics[1].name, "b");
  EXPECT_THAT(all[599].tags, ElementsAre("hundred"));
  EXPECT_TRUE(all[0].tags.empty());
  EXPECT_EQ(store.list(parse_filter("tag:hundred")).size(), 6u);
  EXPECT_EQ(store.list(parse_filter("a>=590.5")).size(), 10u);
}

TEST_F(StoreTest, NanAndInfinity) {
  RunWriter run(path(), {"vqa", "train"});
  const double values[] = {1.0, kNan, -2.0, kInf, -kInf};
  for (int i = 0; i < 5; ++i) run.metric("loss", i, values[i]);
  for (int i = 0; i < 3; ++i) run.metric("bad", i, kNan);
  run.finish("finished", 0);
  const Store store = Store::open(path());
  const auto runs = store.list();
  const auto* loss = runs[0].metric("loss");
  EXPECT_EQ(loss->last, -kInf);
  EXPECT_EQ(loss->low, -2.0);
  EXPECT_EQ(loss->high, 1.0);
  EXPECT_EQ(loss->nonfinite, 3);
  const auto* bad = runs[0].metric("bad");
  EXPECT_TRUE(std::isnan(bad->last) && std::isnan(bad->low) && std::isnan(bad->high));
  const Series series = store.series(runs[0].id, "loss");
  EXPECT_TRUE(std::isnan(series.values[1]));
  EXPECT_EQ(series.values[3], kInf);
  // A finite value later on gives the bounds that NaN could not.
  Json record{{"op", "metric"}, {"run", runs[0].uuid}, {"name", "bad"},
              {"steps", {9}},   {"seconds", {1}},      {"values", {4}}};
  Store::open(path()).record(std::span(&record, 1));
  EXPECT_EQ(store.list()[0].metric("bad")->low, 4.0);
}

TEST_F(StoreTest, RoutingIsKeptWithinItsBudget) {
  RunWriter run(path(), {"vqa", "train"});
  RoutingRow row;
  row.site = "layer.0";
  row.modality = "vision";
  row.tokens = 12;
  row.counts = {7, 0, 5};
  row.prob_sums = {0.5f, 0.25f, 11.25f};
  run.routing("train", 100, std::span(&row, 1));
  row.dropped = {0, 0, 2};
  run.routing("train", 200, std::span(&row, 1));
  run.finish("finished", 0);
  Store store = Store::open(path());
  const int64_t id = store.find("last");
  EXPECT_THAT(store.routing_steps(id, "train"), ElementsAre(100, 200));
  const auto rows = store.routing(id, "train", 200);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].site, "layer.0");
  EXPECT_EQ(rows[0].counts, row.counts);
  EXPECT_EQ(rows[0].prob_sums, row.prob_sums);
  EXPECT_EQ(rows[0].dropped, row.dropped);
  EXPECT_TRUE(store.routing(id, "eval", 200).empty());
  const auto course = store.routing_over_steps(id, "train", "layer.0", "vision");
  ASSERT_EQ(course.size(), 2u);
  EXPECT_EQ(course[0].step, 100);
  EXPECT_EQ(course[1].dropped, row.dropped);
  EXPECT_TRUE(store.routing_over_steps(id, "train", "layer.0", "text").empty());

  // Just under the budget, then one more: every second step goes, the newest stays.
  store.database().exec(fmt::format("UPDATE run SET routing_bytes = {}", kRoutingBudget));
  Json record{{"op", "routing"}, {"run", store.show(id).uuid}, {"split", "train"}, {"step", 300}};
  record["sites"] = {{{"site", "layer.0"}, {"modality", "text"}, {"tokens", 1}, {"counts", {1, 0, 0}}}};
  store.record(std::span(&record, 1));
  EXPECT_THAT(store.routing_steps(id, "train"), ElementsAre(100, 300));
  EXPECT_EQ(store.database().execAndGet("SELECT routing_bytes FROM run").getInt(), 12 + 12 + 12);
}

TEST_F(StoreTest, WhatEndedBetweenTwoMoments) {
  add("vqa", 0.001, 0.9);
  add("vqa", 0.001, 0.9);
  {
    RunWriter goes_on(path(), {"vqa", "train"});
    const Store store = Store::open(path());
    const int64_t end = *store.show(2).finished_ms;
    RunFilter ended;
    ended.finished_after_ms = end - 100000;
    EXPECT_EQ(store.count(ended), 2) << "not the one that goes on";
    ended.finished_before_ms = end + 1;
    EXPECT_EQ(store.list(ended).size(), 2u);
    ended.finished_before_ms = end - 100000;
    EXPECT_EQ(store.count(ended), 0);
    ended = {};
    ended.finished_after_ms = end + 1;
    EXPECT_EQ(store.count(ended), 0);
  }
}

TEST_F(StoreTest, Filters) {
  const auto a = add("vqa", 0.001, 0.9, "alpha run");
  const auto b = add("vqa", 0.01, 0.5, "beta");
  add("stream", 0.001, 0.95);
  Store store = Store::open(path());
  store.add_tag(store.find("beta"), "paper");
  store.set_note(store.find("beta"), "diverged \"badly\"");
  auto found = [&](const std::string& text) {
    std::vector<std::string> apps;
    for (const auto& run : store.list(parse_filter(text)))
      apps.push_back(run.name.empty() ? run.app : run.name);
    std::sort(apps.begin(), apps.end());
    return apps;
  };
  EXPECT_THAT(found(""), ElementsAre("alpha run", "beta", "stream"));
  EXPECT_THAT(found("app:vqa"), ElementsAre("alpha run", "beta"));
  EXPECT_THAT(found("accuracy>0.6"), ElementsAre("alpha run", "stream"));
  EXPECT_THAT(found("app:vqa accuracy>=0.9"), ElementsAre("alpha run"));
  EXPECT_THAT(found("accuracy<=0.5"), ElementsAre("beta"));
  EXPECT_THAT(found("lr:0.001"), ElementsAre("alpha run", "stream"));
  EXPECT_THAT(found("\"mode:experts only\" app:stream"), ElementsAre("stream"));
  EXPECT_THAT(found("tag:paper"), ElementsAre("beta"));
  EXPECT_THAT(found("alph"), ElementsAre("alpha run"));
  EXPECT_THAT(found("diverged"), ElementsAre("beta"));
  EXPECT_THAT(found("\" OR *"), ElementsAre());  // not the search engine's own language
  EXPECT_THAT(found("status:failed"), ElementsAre());
  EXPECT_THROW(parse_filter("accuracy>much"), UsageError);
  RunFilter second;
  second.limit = 1;
  second.offset = 1;
  EXPECT_EQ(store.list(second).size(), 1u);
  EXPECT_EQ(store.count(), 3);

  EXPECT_EQ(store.find(a.substr(0, 8)), store.find("alpha run"));
  EXPECT_EQ(store.find(b), store.find("beta"));
  EXPECT_THROW(store.find("no such"), UsageError);
  EXPECT_THROW(store.find("%%%%%%"), UsageError);
  EXPECT_THROW(store.find(""), UsageError);
  EXPECT_THROW(store.show(999), UsageError);
}

TEST_F(StoreTest, BinAndPurge) {
  add("vqa", 0.1, 0.5, "old");
  add("vqa", 0.2, 0.6, "new");
  Store store = Store::open(path());
  const int64_t old = store.find("old");
  store.set_deleted(old, true);
  EXPECT_EQ(store.list().size(), 1u);
  RunFilter bin;
  bin.deleted = true;
  EXPECT_EQ(store.list(bin)[0].name, "old");
  store.set_deleted(old, false);
  EXPECT_EQ(store.list().size(), 2u);
  store.set_name(old, "ancient");
  EXPECT_EQ(store.list(parse_filter("ancient")).size(), 1u);
  store.purge(std::span(&old, 1));
  store.compact();
  EXPECT_EQ(store.list().size(), 1u);
  EXPECT_THROW(store.show(old), UsageError);
  for (const char* table : {"param", "metric_chunk", "metric_last", "search"})
    EXPECT_EQ(store.database().execAndGet(fmt::format("SELECT count(*) FROM {}", table)).getInt(),
              std::string(table) == "param" ? 2 : 1);
  EXPECT_TRUE(store.check().empty());
}

TEST_F(StoreTest, MigratesFromVersionOne) {
  std::filesystem::create_directories(path().parent_path());
  {
    SQLite::Database old(path().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(old, 1);
    EXPECT_EQ(old.execAndGet("PRAGMA user_version").getInt(), 1);
    old.exec(
        "INSERT INTO run (uuid, name, app, verb, status, started_ms, argv, folder, version, git_sha, seed, "
        "machine, "
        "host, boot_id, pid_space, pid, pid_start) VALUES ('u', 'from before', 'vqa', 'train', 'finished', "
        "5, "
        "'[\"conclave-vqa\"]', '/', '0', '', '1', '{}', 'elsewhere', '', '', 1, 1);"
        "INSERT INTO param VALUES (1, 'rate', '0.5', 'flag');"
        "INSERT INTO metric_key (id, name) VALUES (1, 'loss');"
        "INSERT INTO metric_chunk VALUES (1, 1, 0, 1000, 0, 1, NULL, zeroblob(4000), zeroblob(8000));"
        "INSERT INTO metric_last VALUES (1, 1, 999, 0, 0, 0, 1000, 0)");
  }
  Store store = Store::open(path());
  EXPECT_EQ(store.database().execAndGet("PRAGMA user_version").getInt(), kSchemaVersion);
  EXPECT_EQ(store.show(1).params[0].value, 0.5);
  EXPECT_EQ(store.list(parse_filter("before")).size(), 1u);  // the search was filled
  EXPECT_EQ(store.database().execAndGet("SELECT count(*) FROM job").getInt(), 0);
  EXPECT_EQ(store.list()[0].metric("loss")->n, 1000);
  EXPECT_EQ(store.outline(1, "loss", 10).size(), 10u);
  EXPECT_EQ(store.database().execAndGet("SELECT count(*) FROM metric_outline").getInt(), 1);
}

TEST_F(StoreTest, RefusesWhatIsNoHistory) {
  write_file(path(), "this is not a database at all, only some text of a file that lies here");
  EXPECT_THROW(Store::open(path()), DataError);
  std::filesystem::remove(path());
  {
    SQLite::Database other(path().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE bookmarks (url TEXT)");
  }
  EXPECT_THROW(Store::open(path()), DataError);
  std::filesystem::remove(path());
  { Store::open(path()).database().exec("PRAGMA user_version = 99"); }
  try {
    Store::open(path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(),
                HasSubstr(fmt::format("newer version (schema 99; this one knows {})", kSchemaVersion)));
  }
  EXPECT_FALSE(Store::open_existing(dir_ / "none.db"));
  EXPECT_THROW(Store::open_read_only(dir_ / "none.db"), Error);
}

TEST_F(StoreTest, BrokenRecordsAreSkipped) {
  const auto uuid = add("vqa", 1, 1);
  Store store = Store::open(path());
  const std::vector<Json> records{
      Json::parse(R"({"op": "metric", "run": "x"})"),
      Json::parse(R"([1, 2])"),
      Json::parse(R"({"op": "fly", "run": ")" + uuid + R"("})"),
      Json::parse(R"({"op": "metric", "run": ")" + uuid +
                  R"(", "name": "m", "steps": [1, 2], "seconds": [1], "values": [1]})"),
      Json::parse(R"({"op": "metric", "run": ")" + uuid +
                  R"(", "name": "m", "steps": ["a"], "seconds": [1], "values": [1]})"),
      Json::parse(R"({"op": "finish", "run": ")" + uuid +
                  R"(", "status": "odd", "exit_code": 0, "time_ms": 1})"),
      Json::parse(R"({"op": "tag", "run": ")" + uuid + R"(", "name": "kept"})"),
  };
  store.record(records);
  EXPECT_THAT(store.list()[0].tags, ElementsAre("kept"));
  EXPECT_EQ(store.list()[0].status, "finished");
}

TEST(Points, StepsRoundTrip) {
  for (const std::vector<int64_t>& steps : std::vector<std::vector<int64_t>>{
           {}, {5}, {5, 5, 5}, {0, 10, 20}, {30, 20, 10}, {1, 2, 4}, {INT64_MIN, INT64_MAX}}) {
    const PackedSteps packed = pack_steps(steps);
    EXPECT_EQ(unpack_steps(steps.size(), packed.step0, packed.stride, packed.bytes), steps);
  }
  EXPECT_TRUE(pack_steps(std::vector<int64_t>{0, 10, 20}).bytes.empty());
  EXPECT_THROW(unpack<double>("123"), Error);
  EXPECT_THROW(unpack_steps(2, 0, 0, std::string(8, 'x')), Error);
  EXPECT_THROW(unpack_steps(size_t{1} << 40, 0, 1, ""), Error);
}

TEST(Machine, GitState) {
  testing::TempDir dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  EXPECT_EQ(git_state(), "");
  const auto git = [](const char* command) { return std::system(command) == 0; };
  if (!git("git init -q . 2>/dev/null")) {
    std::filesystem::current_path(before);
    GTEST_SKIP() << "no git";
  }
  write_file("a", "1");
  EXPECT_TRUE(git("git add a && git -c user.name=t -c user.email=t@t commit -qm t"));
  const std::string clean = git_state();
  EXPECT_EQ(clean.size(), 40u);
  write_file("a", "2");
  EXPECT_EQ(git_state(), clean + "-dirty");
  std::filesystem::current_path(before);
}

TEST(Machine, AliveOnlyDeniesWhatIsSure) {
  const ProcessId self = this_process();
  EXPECT_EQ(alive(self), Alive::yes);
  ProcessId other = self;
  other.start += 1;  // the number was given to a later process
  EXPECT_EQ(alive(other), Alive::no);
  other = self;
  other.boot_id = "before";
  EXPECT_EQ(alive(other), Alive::no);
  other = self;
  other.host = "another";
  EXPECT_EQ(alive(other), Alive::unknown);
  other = self;
  other.pid_space = "container";
  EXPECT_EQ(alive(other), Alive::unknown);
  EXPECT_STREQ(network_filesystem_name(0x6969), "nfs");
  EXPECT_STREQ(network_filesystem_name(0xef53), "");
  EXPECT_NE(new_uuid(), new_uuid());
  EXPECT_EQ(new_uuid().size(), 36u);
}

}  // namespace
}  // namespace conclave
