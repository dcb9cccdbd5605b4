// Logging from C, and from C++ by the same header.
#include <gtest/gtest.h>

#include "framework/base/file.h"
#include "framework/history/conclave_history.h"
#include "framework/history/store.h"
#include "testing/testing.h"

extern "C" void log_from_c(const char* database, const char* file);

namespace conclave {
namespace {

TEST(CApi, LogsFromC) {
  testing::TempDir dir;
  write_file(dir / "solution.bin", "abc");
  log_from_c((dir / "history.db").c_str(), (dir / "solution.bin").c_str());
  const Store store = Store::open(dir / "history.db");
  const RunDetail run = store.show(store.find("from c"));
  EXPECT_EQ(run.app, "solver");
  EXPECT_EQ(run.status, "finished");
  EXPECT_EQ(run.argv, (std::vector<std::string>{"solver", "--fast"}));
  ASSERT_EQ(run.params.size(), 2u);
  EXPECT_EQ(run.params[0].value, "very fast");
  EXPECT_EQ(run.params[1].value, 0.5);
  EXPECT_EQ(store.series(run.id, "residual").size(), 100u);
  EXPECT_EQ(run.metric("residual")->goal, "min");
  EXPECT_EQ(run.metric("odd")->nonfinite, 1);
  ASSERT_EQ(run.artifacts.size(), 1u);
  EXPECT_EQ(run.artifacts[0].direction, "output");
  EXPECT_EQ(run.tags, std::vector<std::string>{"tagged"});
  EXPECT_EQ(run.events.size(), 1u);
}

TEST(CApi, LogsFromCpp) {
  testing::TempDir dir;
  const std::string path = (dir / "history.db").string();
  {
    LoggedRun run("solver", "run", "good", path.c_str());
    run.metric("x", 1, 2);
    run.end();
    LoggedRun forgotten("solver", "run", "bad", path.c_str());
    EXPECT_EQ(std::string(conclave_run_uuid(forgotten.get())).size(), 36u);
  }
  const Store store = Store::open(path);
  EXPECT_EQ(store.show(store.find("good")).status, "finished");
  EXPECT_EQ(store.show(store.find("bad")).status, "failed");
}

TEST(CApi, NullsAreAllowed) {
  conclave_run_metric(nullptr, "x", 1, 1);
  conclave_run_param(nullptr, nullptr, nullptr);
  conclave_run_flush(nullptr);
  EXPECT_STREQ(conclave_run_uuid(nullptr), "");
  conclave_run_end(nullptr, "finished", 0, nullptr);
  testing::TempDir dir;
  conclave_run* run = conclave_run_begin((dir / "h.db").c_str(), nullptr, nullptr, nullptr, nullptr);
  ASSERT_NE(run, nullptr);
  conclave_run_metric(run, nullptr, 1, 1);
  conclave_run_param(run, nullptr, nullptr);
  conclave_run_output(run, nullptr, nullptr);  // warned of, nothing more
  conclave_run_end(run, "finished", 0, nullptr);
  EXPECT_EQ(Store::open(dir / "h.db").count(), 1);
}

}  // namespace
}  // namespace conclave
