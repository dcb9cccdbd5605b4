// Backup, merge, salvage and check of whole histories.
#include "framework/history/copy.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/crc32c.h"
#include "framework/history/run_writer.h"
#include "framework/history/schema.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CopyTest : public ::testing::Test {
 protected:
  void SetUp() override { write_file(dir_ / "model.bin", "abc"); }
  // A run with everything that a run may have.
  void add(const std::string& file, const std::string& name, int points = 2500) {
    RunInfo info{"vqa", "train", name, "exp"};
    RunWriter run(dir_ / file, info);
    run.param("name", name);
    run.describe_metric("loss", "nats", "min");
    for (int i = 0; i < points; ++i) {
      run.metric("loss", i, 1.0 / (i + 1));
      run.metric(name + "-own", i, i);
    }
    RoutingRow row;
    row.site = "layer.0";
    row.modality = "text";
    row.tokens = 3;
    row.counts = {1, 2};
    run.routing("train", 2, std::span(&row, 1));
    run.output(dir_ / "model.bin", "checkpoint");
    run.event("info", "hello " + name);
    run.tag("tag-" + name);
    run.note("note of " + name);
    run.finish("finished", 0);
  }
  void expect_whole(const Store& store, const std::string& name) {
    const RunDetail run = store.show(store.find(name));
    EXPECT_EQ(run.experiment, "exp");
    ASSERT_EQ(run.params.size(), 1u);
    EXPECT_EQ(run.params[0].value, name);
    EXPECT_EQ(run.metric("loss")->goal, "min");
    const Series series = store.series(run.id, name + "-own");
    ASSERT_EQ(series.size(), 2500u);
    EXPECT_EQ(series.values[2222], 2222);
    EXPECT_FALSE(store.outline(run.id, name + "-own", 3).empty());
    EXPECT_EQ(store.routing(run.id, "train", 2).at(0).counts, (std::vector<uint32_t>{1, 2}));
    ASSERT_EQ(run.artifacts.size(), 1u);
    EXPECT_EQ(run.artifacts[0].size, 3);
    ASSERT_EQ(run.events.size(), 1u);
    EXPECT_EQ(run.events[0].text, "hello " + name);
    EXPECT_THAT(run.tags, ElementsAre("tag-" + name));
    EXPECT_EQ(run.note, "note of " + name);
    EXPECT_EQ(store.search("note " + name, 10).size(), 1u);
  }
  testing::TempDir dir_;
};

TEST_F(CopyTest, MergeTakesEachRunOnce) {
  add("a.db", "one");
  add("a.db", "two");
  add("b.db", "three");  // ids and metric keys mean something else there
  add("b.db", "four");
  Store store = Store::open(dir_ / "a.db");
  const MergeResult first = merge(store, dir_ / "b.db");
  EXPECT_EQ(first.added, 2);
  EXPECT_EQ(first.same, 0);
  for (const char* name : {"one", "two", "three", "four"}) expect_whole(store, name);
  const MergeResult again = merge(store, dir_ / "b.db");
  EXPECT_EQ(again.added, 0);
  EXPECT_EQ(again.same, 2);
  EXPECT_EQ(store.count(), 4);
  EXPECT_TRUE(store.check().empty());
  // And back: both have all.
  Store other = Store::open(dir_ / "b.db");
  EXPECT_EQ(merge(other, dir_ / "a.db").added, 2);
  EXPECT_EQ(other.count(), 4);
  EXPECT_THROW(merge(store, dir_ / "a.db"), UsageError);
  EXPECT_THROW(merge(store, dir_ / "model.bin"), DataError);
  EXPECT_THROW(merge(store, dir_ / "absent.db"), Error);
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    EXPECT_NE(entry.path().extension(), ".part");
}

TEST_F(CopyTest, MergeGoesOnWithARunThatWentOn) {
  add("far.db", "one", 10);
  backup(Store::open(dir_ / "far.db"), dir_ / "near.db");
  Store near = Store::open(dir_ / "near.db"), far = Store::open(dir_ / "far.db");
  near.set_name(1, "my name");
  near.add_tag(1, "mine");
  far.add_tag(1, "theirs");
  far.set_note(1, "later");
  Curves more;
  more["loss"] = {{10, 11}, {0, 0}, {5.0, 6.0}};
  more["new"] = {{1}, {0}, {1.0}};
  far.record({}, far.show(1).uuid, more);
  far.database().exec("UPDATE run SET finished_ms = finished_ms + 1000, message = 'went on'");
  const MergeResult result = merge(near, dir_ / "far.db");
  EXPECT_EQ(result.updated, 1);
  const RunDetail run = near.show(1);
  EXPECT_EQ(run.message, "went on");
  EXPECT_EQ(run.name, "my name");
  EXPECT_THAT(run.tags, ElementsAre("mine", "tag-one", "theirs"));
  EXPECT_EQ(run.note, "later");
  EXPECT_EQ(near.series(1, "loss").size(), 12u);
  EXPECT_EQ(run.metric("loss")->n, 12);
  EXPECT_NE(run.metric("new"), nullptr);
  EXPECT_EQ(run.events.size(), 1u);
  EXPECT_EQ(merge(near, dir_ / "far.db").same, 1);
  EXPECT_TRUE(near.check().empty());
}

TEST_F(CopyTest, MergeBringsAnOlderVersionUpToDate) {
  {
    SQLite::Database old((dir_ / "old.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(old, 1);
    old.exec(
        "INSERT INTO run (uuid, name, app, verb, status, started_ms, argv, folder, version, git_sha, seed, "
        "machine, "
        "host, boot_id, pid_space, pid, pid_start) VALUES ('u', 'from before', 'vqa', 'train', 'finished', "
        "5, "
        "'[]', '/', '0', '', '1', '{}', 'elsewhere', '', '', 1, 1)");
  }
  const std::string before = read_file(dir_ / "old.db");
  Store store = Store::open(dir_ / "a.db");
  EXPECT_EQ(merge(store, dir_ / "old.db").added, 1);
  EXPECT_EQ(store.find("from before"), 1);
  EXPECT_EQ(read_file(dir_ / "old.db"), before);
  { Store::open(dir_ / "new.db").database().exec("PRAGMA user_version = 99"); }
  try {
    merge(store, dir_ / "new.db");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr((dir_ / "new.db").string() + ": was written by a newer version"));
  }
}

TEST_F(CopyTest, BackupWhileARunGoesOn) {
  RunWriter run(dir_ / "a.db", {"vqa", "train"});
  for (int i = 0; i < 100; ++i) run.metric("loss", i, i);
  run.flush();
  backup(Store::open_read_only(dir_ / "a.db"), dir_ / "copy" / "b.db");
  run.metric("loss", 100, 0);
  run.finish("finished", 0);
  const Store copy = Store::open_read_only(dir_ / "copy" / "b.db");
  EXPECT_EQ(copy.series(1, "loss").size(), 100u);
  EXPECT_TRUE(copy.check().empty());
  EXPECT_THROW(backup(copy, dir_ / "a.db"), UsageError);
}

TEST_F(CopyTest, CheckFindsAFlippedByteInACurve) {
  add("a.db", "one");
  Store store = Store::open(dir_ / "a.db");
  EXPECT_TRUE(store.check().empty());
  store.database().exec(
      "UPDATE metric_chunk SET vals = CAST(x'ff' || substr(vals, 2) AS BLOB) WHERE chunk = 1 AND key = 1");
  EXPECT_THAT(store.check(), ElementsAre("run 1: points from 1000 of 'loss' are not what was written"));
  store.database().exec("DELETE FROM metric_chunk WHERE chunk = 1 AND key = 1");
  EXPECT_THAT(store.check(), ElementsAre("run 1: points of 'loss' are missing"));
  EXPECT_NO_THROW(store.outline(1, "loss", 10000));
  store.rebuild();
  EXPECT_EQ(store.search("one", 5).size(), 1u);
}

// Whatever byte is flipped: nothing crashes, and what is saved is sound.
TEST_F(CopyTest, SalvageTakesWhatCanBeRead) {
  for (const char* name : {"one", "two", "three", "four", "five", "six"}) add("a.db", name);
  {
    Store store = Store::open(dir_ / "a.db");
    store.compact();
  }
  const std::string whole = read_file(dir_ / "a.db");
  std::mt19937 random(3);
  int saved_runs = 0;
  for (int turn = 0; turn < 12; ++turn) {
    std::string bytes = whole;
    for (int flip = 0; flip <= turn; ++flip) {
      const size_t page = 1 + random() % (bytes.size() / 4096 - 1);
      for (size_t i = 0; i < 16; ++i) bytes[page * 4096 + i] = static_cast<char>(random());
    }
    const auto broken = dir_ / fmt::format("broken{}.db", turn),
               saved = dir_ / fmt::format("saved{}.db", turn);
    write_file(broken, bytes);
    try {
      EXPECT_FALSE(Store::open_read_only(broken).check().empty()) << turn;
    } catch (const Error&) {  // too damaged to be opened: said, too
    }
    Store target = Store::open(saved);
    try {
      merge(target, broken, Damage::leave_out);
    } catch (const Error&) {  // not a page of the schema can be read
      continue;
    }
    for (const auto& run : target.list())
      for (const auto& metric : run.metrics) EXPECT_NO_THROW(target.series(run.id, metric.name));
    EXPECT_TRUE(target.database().execAndGet("PRAGMA integrity_check").getString() == "ok");
    saved_runs += static_cast<int>(target.count());
  }
  EXPECT_GT(saved_runs, 12);
}

TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283u);
}

}  // namespace
}  // namespace conclave
