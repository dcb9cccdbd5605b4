// Runs of other programs: out, in again, and read by those programs themselves where CONCLAVE_PEERS names a
// Python that has them.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/crc32c.h"
#include "framework/history/exchange/foreign_run.h"
#include "framework/history/run_writer.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Exchange : public ::testing::Test {
 protected:
  void SetUp() override {
    RunInfo info{"vqa", "train", "it's first", "my experiment", {"conclave-vqa", "train"}};
    RunWriter run(dir_ / "a.db", info);
    run.param("lr", 0.5);
    run.param("mode", "experts: only");
    for (int i = 0; i < 1500; ++i) run.metric("train/loss", 2 * i, 1.0 / (i + 1));
    run.metric("odd\n../name", 1, 7);
    run.metric("bad", 1, std::numeric_limits<double>::quiet_NaN());
    run.metric("bad", 2, -std::numeric_limits<double>::infinity());
    run.tag("paper");
    run.note("a note\nof two lines");
    run.finish("finished", 0);
  }
  Store source() const { return Store::open(dir_ / "a.db"); }
  Store target() const { return Store::open(dir_ / "b.db"); }

  // What both programs keep of the run.
  void expect_curves(const Store& store, int64_t id) {
    const Series loss = store.series(id, "train/loss");
    ASSERT_EQ(loss.size(), 1500u);
    for (size_t i = 0; i < loss.size(); ++i) {
      EXPECT_EQ(loss.steps[i], 2 * static_cast<int64_t>(i));
      EXPECT_NEAR(loss.values[i], 1.0 / static_cast<double>(i + 1), 1e-7);
    }
    const Series bad = store.series(id, "bad");
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_TRUE(std::isnan(bad.values[0]));
    EXPECT_EQ(bad.values[1], -std::numeric_limits<double>::infinity());
  }
  // The answer of `script`, or nothing when there is no Python with `module`.
  std::optional<std::string> ask_peer(const std::string& module, const std::string& script) {
    const char* const python = std::getenv("CONCLAVE_PEERS");
    if (!python) return std::nullopt;
    ::setenv("MLFLOW_ALLOW_FILE_STORE", "true", 1);
    ::setenv("MLFLOW_DISABLE_TELEMETRY", "true", 1);
    if (run_child({python, "-c", "import " + module}).code != 0) return std::nullopt;
    const auto answer = run_child({python, "-c", script});
    EXPECT_EQ(answer.code, 0);
    return answer.out;
  }
  testing::TempDir dir_;
};

TEST_F(Exchange, MlflowThereAndBack) {
  export_mlflow(source(), 1, dir_ / "mlruns");
  export_mlflow(source(), 1, dir_ / "mlruns");  // again: in place of the first
  Store store = target();
  EXPECT_EQ(import_mlflow(store, dir_ / "mlruns").added, 1);
  const RunDetail run = store.show(1);
  EXPECT_EQ(run.name, "it's first");
  EXPECT_EQ(run.experiment, "my experiment");
  EXPECT_EQ(run.status, "finished");
  EXPECT_EQ(run.note, "a note\nof two lines");
  EXPECT_EQ(run.started_ms, source().show(1).started_ms);
  ASSERT_EQ(run.params.size(), 2u);
  EXPECT_EQ(run.params[0].value, 0.5);
  EXPECT_EQ(run.params[1].value, "experts: only");
  EXPECT_THAT(run.tags, ::testing::Contains("paper=true"));
  expect_curves(store, 1);
  EXPECT_NE(run.metric("odd_../name"), nullptr);  // a folder odd_.., no way out
  EXPECT_EQ(import_mlflow(store, dir_ / "mlruns").same, 1);
  EXPECT_EQ(store.count(), 1);
}

TEST_F(Exchange, MlflowReadsWhatWeWrite) {
  export_mlflow(source(), 1, dir_ / "mlruns");
  const auto answer = ask_peer("mlflow", fmt::format(R"(
from mlflow.tracking import MlflowClient
client = MlflowClient("file://{}")
experiment = client.get_experiment_by_name("my experiment")
run = client.search_runs([experiment.experiment_id])[0]
points = client.get_metric_history(run.info.run_id, "train/loss")
print(run.info.run_name, run.info.status, run.data.params["mode"], len(points), points[3].step, points[3].value,
      run.data.tags["mlflow.note.content"].splitlines()[0], sep="|")
)",
                                                     (dir_ / "mlruns").string()));
  if (!answer) GTEST_SKIP() << "CONCLAVE_PEERS names no Python with mlflow";
  EXPECT_EQ(*answer, "it's first|FINISHED|experts: only|1500|6|0.25|a note\n");
}

TEST_F(Exchange, MlflowDatabase) {
  {
    SQLite::Database db((dir_ / "m.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(R"sql(
      CREATE TABLE experiments (experiment_id INTEGER, name TEXT);
      CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
                         experiment_id INTEGER, lifecycle_stage TEXT);
      CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
      CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
      CREATE TABLE metrics (key TEXT, value REAL, timestamp BIGINT, step BIGINT, is_nan BOOLEAN, run_uuid TEXT);
      CREATE TABLE latest_metrics (key TEXT, value REAL, timestamp BIGINT, step BIGINT, is_nan BOOLEAN, run_uuid TEXT);
      INSERT INTO experiments VALUES (3, 'exp');
      INSERT INTO runs VALUES ('aa', 'good', 'FINISHED', 1000, 5000, 3, 'active'),
                              ('bb', 'gone', 'FAILED', 1000, 5000, 3, 'deleted');
      INSERT INTO params VALUES ('lr', '0.25', 'aa');
      INSERT INTO tags VALUES ('mlflow.user', 'x', 'aa'), ('team', 'blue', 'aa');
      INSERT INTO metrics VALUES ('loss', 2.0, 2500, 2, 0, 'aa'), ('loss', 3.0, 1500, 1, 0, 'aa'),
                                 ('loss', 0.0, 3500, 3, 1, 'aa'), ('loss', 1.7976931348623157e308, 4500, 4, 0, 'aa');
    )sql");
  }
  Store store = target();
  EXPECT_EQ(import_mlflow(store, dir_ / "m.db").added, 1);
  const RunDetail run = store.show(1);
  EXPECT_EQ(run.experiment, "exp");
  EXPECT_THAT(run.tags, ElementsAre("team=blue"));
  EXPECT_EQ(run.params[0].value, 0.25);
  const Series loss = store.series(1, "loss");
  EXPECT_THAT(loss.steps, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(loss.seconds, ElementsAre(0.5f, 1.5f, 2.5f, 3.5f));
  EXPECT_TRUE(std::isnan(loss.values[2]));
  EXPECT_EQ(loss.values[3], std::numeric_limits<double>::infinity());
  // It went on there: what is new comes, nothing twice.
  SQLite::Database((dir_ / "m.db").string(), SQLite::OPEN_READWRITE)
      .exec("INSERT INTO metrics VALUES ('loss', 9.0, 9500, 5, 0, 'aa')");
  EXPECT_EQ(import_mlflow(store, dir_ / "m.db").updated, 1);
  EXPECT_EQ(store.series(1, "loss").size(), 5u);
  EXPECT_THROW(import_mlflow(store, dir_ / "a.db"), DataError);
  EXPECT_THROW(import_mlflow(store, dir_.path()), DataError);
}

TEST_F(Exchange, TensorBoardThereAndBack) {
  export_tensorboard(source(), 1, dir_ / "runs");
  Store store = target();
  EXPECT_EQ(import_tensorboard(store, dir_ / "runs").added, 1);
  EXPECT_EQ(store.show(1).name, "it_s_first-1");
  expect_curves(store, 1);
  EXPECT_EQ(store.series(1, "odd\n../name").size(), 1u);
  EXPECT_EQ(import_tensorboard(store, dir_ / "runs").same, 1);
  EXPECT_THROW(import_tensorboard(store, dir_ / "absent"), std::exception);
}

TEST_F(Exchange, TensorBoardReadsWhatWeWrite) {
  export_tensorboard(source(), 1, dir_ / "runs");
  const auto answer = ask_peer("tensorboard", fmt::format(R"(
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator("{}/it_s_first-1", size_guidance=dict(scalars=0, tensors=0))
events.Reload()
points = events.Scalars("train/loss")
text = events.Tensors("parameters/text_summary")[0].tensor_proto.string_val[0].decode()
print(len(points), points[3].step, points[3].value, "experts: only" in text, sep="|")
)",
                                                          (dir_ / "runs").string()));
  if (!answer) GTEST_SKIP() << "CONCLAVE_PEERS names no Python with tensorboard";
  EXPECT_EQ(*answer, "1500|6|0.25|True\n");
}

TEST_F(Exchange, TensorBoardFilesThatAreCutOrBroken) {
  export_tensorboard(source(), 1, dir_ / "runs");
  const fs::path file = *fs::directory_iterator(dir_ / "runs" / "it_s_first-1");
  const std::string bytes = read_file(file);
  {
    Store store = target();
    write_file(file, bytes.substr(0, bytes.size() - 3));  // still being written
    EXPECT_EQ(import_tensorboard(store, dir_ / "runs").added, 1);
    EXPECT_EQ(store.series(1, "train/loss").size(), 1499u);
    write_file(file, bytes);
    EXPECT_EQ(import_tensorboard(store, dir_ / "runs").updated, 1);
    expect_curves(store, 1);
  }
  std::mt19937 random(5);
  set_log_level(LogLevel::error);
  const auto sum = [](std::string_view part) {
    const uint32_t crc = crc32c(part);
    const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    return std::string(reinterpret_cast<const char*>(&masked), 4);
  };
  for (int turn = 0; turn < 200; ++turn) {  // never a crash, whatever it says
    std::string broken = bytes.substr(0, 4000);
    for (int flip = 0; flip < 3; ++flip) broken[random() % broken.size()] = static_cast<char>(random());
    if (turn % 2 == 0) {  // in a sound frame
      const std::string event = broken.substr(12, 40 + random() % 200);
      const uint64_t length = event.size();
      const std::string head(reinterpret_cast<const char*>(&length), 8);
      broken = head + sum(head) + event + sum(event);
    }
    fs::remove_all(dir_ / "c.db");
    write_file(dir_ / "broken" / "x.tfevents", broken);
    Store store = Store::open(dir_ / "c.db");
    try {
      import_tensorboard(store, dir_ / "broken");
    } catch (const DataError&) {
    }
  }
  set_log_level(LogLevel::info);
  write_file(dir_ / "broken" / "x.tfevents", "no event file, but long enough to look like one");
  Store store = target();
  EXPECT_THROW(import_tensorboard(store, dir_ / "broken"), DataError);
}

TEST_F(Exchange, CsvInColumns) {
  write_file(dir_ / "log.csv",
             "epoch,Step,loss,\"acc, top 1\",name\n0,10,1.5,,x\n0,20,nan,0.5,y\n1,30,+1e-3,0.75,z\n");
  Store store = target();
  EXPECT_EQ(import_csv(store, dir_ / "log.csv").added, 1);
  EXPECT_EQ(store.show(1).name, "log");
  const Series loss = store.series(1, "loss"), accuracy = store.series(1, "acc, top 1");
  EXPECT_THAT(loss.steps, ElementsAre(10, 20, 30));
  EXPECT_EQ(loss.values[2], 0.001);
  EXPECT_TRUE(std::isnan(loss.values[1]));
  EXPECT_THAT(accuracy.steps, ElementsAre(20, 30));
  EXPECT_EQ(store.series(1, "epoch").size(), 3u);  // the step is taken from Step
  EXPECT_EQ(store.show(1).metric("name"), nullptr);
  EXPECT_EQ(import_csv(store, dir_ / "log.csv").same, 1);
}

TEST_F(Exchange, CsvInRows) {
  write_file(dir_ / "log.csv",
             "run,metric,step,seconds,value\n4,loss,1,0.5,3\n4,loss,2,1.5,2\n7,loss,1,0,9\n");
  Store store = target();
  EXPECT_EQ(import_csv(store, dir_ / "log.csv").added, 2);
  EXPECT_THAT(store.series(store.find("log 4"), "loss").values, ElementsAre(3, 2));
  EXPECT_THAT(store.series(store.find("log 4"), "loss").seconds, ElementsAre(0.5f, 1.5f));
  for (const char* text : {"", "a,b\n1\n", "metric,value\nloss,x\n", "a,b\n\"1,2\n", "a,b\n"}) {
    write_file(dir_ / "bad.csv", text);
    EXPECT_THROW(import_csv(store, dir_ / "bad.csv"), DataError) << text;
  }
}

}  // namespace
}  // namespace conclave
