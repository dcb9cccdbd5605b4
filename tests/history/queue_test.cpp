// The queue's table: order, slots, cancelling, trying again, and what is left after a crash.
#include "framework/history/queue.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/error.h"
#include "framework/history/machine.h"
#include "framework/history/run_writer.h"
#include "framework/history/schema.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;

class QueueTest : public ::testing::Test {
 protected:
  int64_t add(const std::string& name, int64_t priority = 0, int64_t slots = 1,
              const std::string& device = "cpu", int64_t retries = 0) {
    JobSpec job{.argv = {"true", name}, .name = name};
    job.priority = priority;
    job.slots = slots;
    job.device = device;
    job.retries = retries;
    return queue_.add(std::span(&job, 1)).at(0);
  }
  std::string claim(const Slots& slots = {}) {
    const auto job = queue_.claim(slots);
    return job ? job->name : "";
  }
  testing::TempDir dir_;
  Store store_ = Store::open(dir_ / "history.db");
  Queue queue_{store_};
};

TEST_F(QueueTest, OrderAndSlots) {
  add("a");
  add("b", 5);
  add("c");
  add("wide", 9, 3);
  add("g", 0, 1, "gpu");
  EXPECT_EQ(claim({2, 0}), "wide");  // more than there is: it gets all
  EXPECT_EQ(claim({2, 0}), "");
  EXPECT_EQ(claim({4, 0}), "b");  // one slot is left beside the three
  EXPECT_EQ(claim({4, 0}), "");
  EXPECT_EQ(claim({4, 1}), "g");
  EXPECT_EQ(claim({4, 1}), "");
  queue_.finish(4, 0);
  EXPECT_EQ(claim({4, 1}), "a");
  queue_.set_priority(3, 7);
  add("d", 3);
  std::vector<std::string> names;
  for (const Job& job : queue_.list()) names.push_back(job.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "g", "c", "d", "wide"));
  EXPECT_EQ(queue_.list(2).size(), 2u);
  EXPECT_EQ(queue_.counts().running, 3);
  EXPECT_EQ(queue_.counts().waiting, 2);
}

TEST_F(QueueTest, HowAJobEnds) {
  const int64_t good = add("good"), bad = add("bad", 0, 1, "cpu", 2);
  EXPECT_EQ(claim(), "good");
  queue_.finish(good, 0);
  EXPECT_EQ(queue_.show(good).state, "done");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(claim(), "bad");
    EXPECT_EQ(queue_.show(bad).tries, attempt);
    queue_.finish(bad, 3);
    EXPECT_EQ(queue_.show(bad).state, attempt < 3 ? "waiting" : "failed");
  }
  EXPECT_EQ(queue_.show(bad).exit_code, 3);
  queue_.retry(bad);  // by hand: once more
  EXPECT_EQ(claim(), "bad");
  EXPECT_THROW(queue_.remove(bad), UsageError);
  EXPECT_THROW(queue_.retry(bad), UsageError);
  EXPECT_EQ(queue_.cancel(bad), "running");
  EXPECT_TRUE(queue_.beat(bad));
  queue_.finish(bad, 130);
  EXPECT_EQ(queue_.show(bad).state, "cancelled");  // not tried again
  const int64_t waiting = add("waiting");
  EXPECT_EQ(queue_.cancel(waiting), "cancelled");
  EXPECT_EQ(claim(), "");
  queue_.remove(waiting);
  EXPECT_THROW(queue_.show(waiting), UsageError);
  EXPECT_THROW(queue_.cancel(99), UsageError);
  EXPECT_THROW(queue_.add(std::vector<JobSpec>(1)), UsageError);
}

TEST_F(QueueTest, OneJobIsClaimedByOne) {
  constexpr int kJobs = 40, kWorkers = 6;
  for (int i = 0; i < kJobs; ++i) add("x");
  std::vector<pid_t> children;
  for (int w = 0; w < kWorkers; ++w) {
    const pid_t child = ::fork();
    if (child == 0) {
      const Store store = Store::open(dir_ / "history.db");
      Queue queue(store);
      int mine = 0;
      while (queue.claim({kJobs, 0})) ++mine;
      ::_exit(mine);
    }
    children.push_back(child);
  }
  int all = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    all += WEXITSTATUS(status);
  }
  EXPECT_EQ(all, kJobs);
  for (const Job& job : queue_.list()) EXPECT_EQ(job.tries, 1);
}

TEST_F(QueueTest, WhatIsLeftAfterACrash) {
  const int64_t never_began = add("a"), gone = add("b"), by_run = add("c"), alive = add("d"),
                rebooted = add("e", 0, 1, "cpu", 1);
  for (int i = 0; i < 5; ++i) claim({9, 0});
  EXPECT_TRUE(queue_.recover().empty());  // their keeper, this process, lives
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  for (const int64_t id : {gone, by_run, rebooted}) {
    queue_.started(id, 999999999);
    EXPECT_EQ(queue_.show(id).child, 999999999);
  }
  queue_.started(alive, child);
  ::setenv("CONCLAVE_JOB", queue_.show(by_run).uuid.c_str(), 1);
  std::string uuid;
  {
    RunWriter run(dir_ / "history.db", {"toy", "train"});
    uuid = run.uuid();
    run.finish("finished", 0);
  }
  ::unsetenv("CONCLAVE_JOB");
  EXPECT_EQ(queue_.show(by_run).run, uuid);
  store_.database().exec(
      "UPDATE job SET pid_start = pid_start + 1");  // a later process has the keeper's number
  store_.database().exec(fmt::format("UPDATE job SET boot_id = 'before' WHERE id = {}", rebooted));
  EXPECT_THAT(queue_.recover(), ElementsAre(alive));
  EXPECT_EQ(queue_.show(never_began).state, "waiting");
  EXPECT_EQ(queue_.show(never_began).tries, 0);
  EXPECT_EQ(queue_.show(gone).state, "failed");
  EXPECT_EQ(queue_.show(gone).message, "nobody saw how it ended");
  EXPECT_EQ(queue_.show(by_run).state, "done");
  EXPECT_EQ(queue_.show(alive).state, "running");
  EXPECT_EQ(queue_.show(rebooted).state, "waiting");
  ::kill(child, SIGKILL);  // not waited for: dead all the same
  for (int i = 0; i < 100 && !queue_.recover().empty(); ++i) ::usleep(10000);
  EXPECT_EQ(queue_.show(alive).state, "failed");
  ::waitpid(child, nullptr, 0);
}

TEST_F(QueueTest, JobsOfAnOlderVersionAreKept) {
  const auto path = dir_ / "old.db";
  {
    SQLite::Database old(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(old, 3);
    old.exec("INSERT INTO job (state, argv, folder, created_ms) VALUES ('waiting', '[\"true\"]', '/', 5)");
  }
  const Store store = Store::open(path);
  Queue queue(store);
  EXPECT_THAT(queue.show(1).argv, ElementsAre("true"));
  EXPECT_EQ(queue.show(1).uuid.size(), 32u);
  EXPECT_TRUE(queue.claim({}));
}

}  // namespace
}  // namespace conclave
