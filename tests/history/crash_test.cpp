// What the history promises when things go wrong: other writers, kills, locks, full and read-only places.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/history/machine.h"
#include "framework/history/run_writer.h"
#include "framework/history/spool.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::in_child;
using testing::Outcome;

class HistoryCrash : public ::testing::Test {
 protected:
  // A child's whole run; its stderr and exit code come back.
  Outcome run_in_child(
      int points = 10, const std::function<void()>& before = [] {}) {
    return in_child([&] {
      ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
      before();
      RunWriter run(path_, {"toy", "train"});
      for (int i = 0; i < points; ++i) run.metric("loss", i, 1.0 / (i + 1));
      run.flush();
      run.metric("loss", points, 0);
      run.finish("finished", 0);
      return 0;
    });
  }
  size_t spooled() const { return spool_files(path_).size(); }
  testing::TempDir dir_;
  std::filesystem::path path_ = dir_ / "history.db";
};

TEST_F(HistoryCrash, WritersOfManyProcessesLoseNothing) {
  constexpr int kProcesses = 8, kRuns = 3, kPoints = 1500;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {  // all begin at once, on a database that is not there yet
      for (int r = 0; r < kRuns; ++r) {
        RunWriter run(path_, {"toy", "train", std::to_string(p) + "." + std::to_string(r)});
        for (int i = 0; i < kPoints; ++i) {
          run.metric("loss", i, p * 10000 + i);
          if (i % 100 == 0) run.flush();
        }
        run.finish("finished", 0);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const Store store = Store::open(path_);
  const auto runs = store.list();
  EXPECT_EQ(runs.size(), size_t{kProcesses * kRuns});
  for (const auto& run : runs) {
    EXPECT_EQ(run.status, "finished");
    const Series series = store.series(run.id, "loss");
    ASSERT_EQ(series.size(), size_t{kPoints});
    for (int i = 0; i < kPoints; ++i)
      ASSERT_EQ(series.values[static_cast<size_t>(i)], std::stoi(run.name) * 10000 + i);
  }
  EXPECT_EQ(spooled(), 0u);
  EXPECT_TRUE(store.check().empty());
}

TEST_F(HistoryCrash, KillKeepsAllButTheLastSecond) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    RunWriter run(path_, {"toy", "train"});
    for (int i = 0; i < 1700; ++i) run.metric("loss", i, i);
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // the writer's own rhythm, no flush
    run.metric("loss", 1700, 0);                                   // this one may be lost
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  {
    Store store = Store::open(path_);
    EXPECT_EQ(store.list()[0].status, "running");  // alive: not swept, however silent
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const Store store = Store::open(path_);
  const auto run = store.list().at(0);
  EXPECT_EQ(run.status, "lost");
  EXPECT_FALSE(run.finished_ms);
  EXPECT_GE(store.series(run.id, "loss").size(), 1700u);
}

TEST_F(HistoryCrash, RunsOfOtherMachinesAreNotSwept) {
  ASSERT_EQ(run_in_child().code, 0);
  Store store = Store::open(path_);
  store.database().exec("UPDATE run SET status = 'running', host = 'far away'");
  EXPECT_EQ(store.sweep(), 0);
  store.database().exec(fmt::format("UPDATE run SET host = '{}', boot_id = 'before'", this_process().host));
  EXPECT_EQ(store.sweep(), 1);
  EXPECT_EQ(store.list()[0].status, "lost");
}

TEST_F(HistoryCrash, LockedDatabaseSpoolsAndTheNextOpeningTakesItIn) {
  { Store::open(path_); }
  {
    SQLite::Database holder(path_.string(), SQLite::OPEN_READWRITE);
    holder.exec("BEGIN IMMEDIATE");
    const Outcome outcome = run_in_child();
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("warning: history: "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;  // said once
    EXPECT_EQ(spooled(), 1u);
    holder.exec("ROLLBACK");
  }
  const auto file = spool_files(path_).at(0);
  const std::string bytes = read_file(file);
  {
    const Store store = Store::open(path_);
    const auto runs = store.list();
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(runs[0].status, "finished");
    EXPECT_EQ(store.series(runs[0].id, "loss").size(), 11u);
  }
  EXPECT_EQ(spooled(), 0u);
  EXPECT_FALSE(std::filesystem::exists(file.parent_path()));

  // The same file once more, as after a crash between commit and removal: nothing comes twice.
  write_file(file, bytes);
  const Store store = Store::open(path_);
  EXPECT_EQ(store.list().size(), 1u);
  EXPECT_EQ(store.series(1, "loss").size(), 11u);
  EXPECT_EQ(spooled(), 0u);
}

TEST_F(HistoryCrash, SpoolOfALiveRunIsLeftAlone) {
  { Store::open(path_); }
  Spool spool(path_, "11111111-2222");
  EXPECT_EQ(spooled(), 1u);
  Store store = Store::open(path_);
  EXPECT_EQ(spooled(), 1u);
  EXPECT_FALSE(store.import_file(spool.path()));
}

TEST_F(HistoryCrash, CutAndBrokenSpoolLinesAreSkipped) {
  ASSERT_EQ(run_in_child().code, 0);
  Store store = Store::open(path_);
  const std::string uuid = store.list()[0].uuid;
  write_file(dir_ / "a.jsonl",
             "{\"history\":\"x\",\"format\":1,\"id\":\"1\"}\nnot json\n{\"op\":\"tag\",\"run\":\"" + uuid +
                 "\",\"name\":\"kept\"}\n{\"op\":\"tag\",\"run\":\"" + uuid + "\",\"na");
  EXPECT_TRUE(store.import_file(dir_ / "a.jsonl"));
  EXPECT_EQ(store.list()[0].tags, std::vector<std::string>{"kept"});
  write_file(dir_ / "letter.txt", "Dear reader");
  EXPECT_THROW(store.import_file(dir_ / "letter.txt"), DataError);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "letter.txt"));
}

TEST_F(HistoryCrash, CorruptDatabaseSpools) {
  write_file(path_, std::string(8192, 'x'));
  const Outcome outcome = run_in_child();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("damaged"));
  EXPECT_EQ(spooled(), 1u);
  std::filesystem::remove(path_);  // what a user does about it
  EXPECT_EQ(Store::open(path_).list().size(), 1u);
}

TEST_F(HistoryCrash, FullDiskNeverStopsARun) {
  // A file-size limit is the nearest to a full disk that needs no mount: the database does not fit, the spool
  // does.
  const auto limit = [](rlim_t bytes) {
    return [bytes] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit size{bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &size);
    };
  };
  Outcome outcome = run_in_child(10, limit(40'000));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("this run is kept in"));
  EXPECT_EQ(Store::open(path_).list().at(0).status, "finished");
  // Neither fits: the run goes on, unrecorded, and says so.
  outcome = run_in_child(10, limit(50));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("not recorded from here on"));
}

TEST_F(HistoryCrash, FullDiskIsLookedAt) {
  EXPECT_EQ(run_in_child(10, [] {}).code, 0);
  const auto look = [&] {
    return in_child([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit size{100, 100};
      ::setrlimit(RLIMIT_FSIZE, &size);
      try {
        const auto store = Store::open_existing(path_);
        return store && store->read_only() && store->list().size() == 1 ? 0 : 3;
      } catch (const Error& e) {
        std::fputs(e.what(), stderr);
        return 4;
      }
    });
  };
  Outcome outcome = look();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // What a killed writer left in the log is not passed over.
  in_child([&]() -> int {
    Store store = Store::open(path_);
    store.set_name(store.find("last"), "newer");
    ::_exit(0);
  });
  ASSERT_GT(std::filesystem::file_size(path_.string() + "-wal"), 0u);
  outcome = look();
  EXPECT_EQ(outcome.code, 4) << "an error, not what was there before";
  EXPECT_THAT(outcome.err, HasSubstr("disk I/O error"));
  EXPECT_EQ(Store::open(path_).list().at(0).name, "newer");
}

TEST_F(HistoryCrash, ReadOnlyFolderSpoolsElsewhere) {
  { Store::open(path_); }
  std::filesystem::create_directories(dir_ / "state");
  ASSERT_EQ(::chmod((dir_ / "state").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0555), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  const Outcome outcome = run_in_child(10, [] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(77);  // root may write anywhere
  });
  const Outcome looking = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 77;
    const auto store = Store::open_existing(path_);
    return store && store->list().empty() ? 0 : 1;
  });
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  if (outcome.code == 77) GTEST_SKIP() << "cannot become another user";
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr((dir_ / "state").string()));
  EXPECT_EQ(looking.code, 0) << looking.err;
  ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
  EXPECT_EQ(Store::open(path_).list().size(), 1u);
  ::unsetenv("XDG_STATE_HOME");
}

TEST_F(HistoryCrash, NoHistoryWritesNothing) {
  RunWriter run;
  run.metric("loss", 1, 1);
  run.param("a", 1);
  run.output("/nowhere", "x");
  run.flush();
  run.finish("finished", 0);
  EXPECT_EQ(run.uuid(), "");
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(HistoryCrash, UnfinishedRunCountsAsFailed) {
  { RunWriter run(path_, {"toy", "train"}); }
  EXPECT_EQ(Store::open(path_).list().at(0).status, "failed");
}

TEST_F(HistoryCrash, ThreadsMayLogTogether) {
  {
    RunWriter run(path_, {"toy", "train"});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&run, t] {
        for (int i = 0; i < 500; ++i) run.metric("m" + std::to_string(t), i, i);
        run.flush();
      });
    threads.clear();
    run.finish("finished", 0);
  }
  const Store store = Store::open(path_);
  for (int t = 0; t < 4; ++t) {
    const Series series = store.series(1, "m" + std::to_string(t));
    ASSERT_EQ(series.size(), 500u);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(series.steps[static_cast<size_t>(i)], i);
  }
}

}  // namespace
}  // namespace conclave
