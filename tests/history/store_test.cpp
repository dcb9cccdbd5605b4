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

  // Just under the budget, then one more: every second step goes, the newest stays.
  store.database().exec(fmt::format("UPDATE run SET routing_bytes = {}", kRoutingBudget));
  Json record{{"op", "routing"}, {"run", store.show(id).uuid}, {"split", "train"}, {"step", 300}};
  record["sites"] = {{{"site", "layer.0"}, {"modality", "text"}, {"tokens", 1}, {"counts", {1, 0, 0}}}};
  store.record(std::span(&record, 1));
  EXPECT_THAT(store.routing_steps(id, "train"), ElementsAre(100, 300));
  EXPECT_EQ(store.database().execAndGet("SELECT routing_bytes FROM run").getInt(), 12 + 12 + 12);
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
        "INSERT INTO param VALUES (1, 'rate', '0.5', 'flag')");
  }
  Store store = Store::open(path());
  EXPECT_EQ(store.database().execAndGet("PRAGMA user_version").getInt(), kSchemaVersion);
  EXPECT_EQ(store.show(1).params[0].value, 0.5);
  EXPECT_EQ(store.list(parse_filter("before")).size(), 1u);  // the search was filled
  EXPECT_EQ(store.database().execAndGet("SELECT count(*) FROM job").getInt(), 0);
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
    EXPECT_THAT(e.what(), HasSubstr("newer version (schema 99; this one knows 2)"));
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
