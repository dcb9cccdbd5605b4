// conclave-history queue with real commands: how they end, cancelling step by step, killed keepers and
// workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/base/stopwatch.h"
#include "framework/history/queue.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

class QueueProgram : public ::testing::Test {
 protected:
  std::map<std::string, std::string> environment() const {
    return {{"CONCLAVE_HISTORY", (dir_ / "history.db").string()},
            {"XDG_CONFIG_HOME", (dir_ / "config").string()},
            {"XDG_STATE_HOME", (dir_ / "state").string()}};
  }
  Outcome queue(std::vector<std::string> words) const {
    words.insert(words.begin(), {"conclave-history", "queue"});
    return testing::run_program(words, environment());
  }
  Outcome add(const std::string& script, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), "add");
    options.insert(options.end(), {"--", "/bin/sh", "-c", script});
    return queue(options);
  }
  Outcome run_all() const {
    return queue(
        {"run", "--until-empty", "--cpu-slots", "4", "--interrupt-seconds", "1", "--terminate-seconds", "1"});
  }
  Job job(int64_t id) const {
    const Store store = Store::open(dir_ / "history.db");
    return Queue(store).show(id);
  }
  // A worker in the background.
  pid_t start_worker() const {
    const pid_t child = ::fork();
    if (child == 0) {
      run_all();
      ::_exit(0);
    }
    return child;
  }
  template <class Holds>
  bool wait_until(const Holds& holds) const {
    for (const Stopwatch watch; watch.seconds() < 60;) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(dir_ / name); }
  testing::TempDir dir_;
};

TEST_F(QueueProgram, JobsRunToTheirEnd) {
  EXPECT_EQ(add("echo hello; echo oops >&2; pwd", {"--job-folder", dir_.path().string()}).code, 0);
  EXPECT_EQ(add("exit 7").code, 0);
  EXPECT_EQ(queue({"add", "--", "/no/such/program"}).code, 0);
  EXPECT_EQ(
      add("echo try $0 $*; [ \"$1\" = resume ]", {"--retries", "3", "--on-retry=x", "--on-retry=resume"})
          .code,
      0);
  EXPECT_EQ(queue({"log", "1"}).code, 1);
  const Outcome ran = run_all();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(job(1).state, "done");
  EXPECT_EQ(queue({"log", "1"}).out,
            "hello\noops\n" + std::filesystem::canonical(dir_.path()).string() + "\n");
  EXPECT_EQ(job(2).state, "failed");
  EXPECT_EQ(job(2).exit_code, 7);
  EXPECT_EQ(job(3).state, "failed");
  EXPECT_THAT(job(3).message, HasSubstr("/no/such/program: cannot be started"));
  EXPECT_EQ(job(4).state, "done");
  EXPECT_EQ(job(4).tries, 2);
  EXPECT_EQ(queue({"log", "4"}).out, "try /bin/sh\ntry x resume\n");
  EXPECT_THAT(queue({"list"}).out, HasSubstr("exit code 7"));
  EXPECT_EQ(queue({"retry", "2"}).code, 0);
  EXPECT_EQ(job(2).state, "waiting");
  EXPECT_EQ(queue({"cancel", "2"}).code, 0);
  EXPECT_EQ(job(2).state, "cancelled");
  EXPECT_EQ(queue({"remove", "2"}).code, 0);
  EXPECT_EQ(queue({"cancel", "2"}).code, 2);
  EXPECT_EQ(queue({"cancel", "x"}).code, 2);
  EXPECT_EQ(queue({"add"}).code, 2);
}

TEST_F(QueueProgram, GridsAndDraws) {
  EXPECT_EQ(add("true", {"--grid", "lr=0.1,0.01", "--grid", "seed=1,2,3"}).code, 0);
  const Store store = Store::open(dir_ / "history.db");
  Queue all(store);
  const auto jobs = all.list();
  ASSERT_EQ(jobs.size(), 6u);
  EXPECT_THAT(jobs[4].argv, ::testing::ElementsAre("/bin/sh", "-c", "true", "--lr", "0.01", "--seed", "2"));
  EXPECT_FALSE(jobs[0].batch.empty());
  EXPECT_EQ(jobs[0].batch, jobs[5].batch);
  EXPECT_EQ(add("true", {"--grid", "a=1,2,3,4,5,6,7,8", "--random", "3"}).code, 0);
  EXPECT_EQ(all.list().size(), 9u);
  EXPECT_EQ(add("true", {"--grid", "a"}).code, 2);
}

TEST_F(QueueProgram, CancellingAsksThenTellsThenKills) {
  const auto mark = [&](const std::string& name) { return "touch " + (dir_ / name).string() + "; "; };
  const std::string wait = "while :; do sleep 0.05; done";
  add("trap '" + mark("saved") + "exit 130' INT; " + mark("up1") + wait);
  add("trap '' INT; trap '" + mark("told") + "exit 1' TERM; " + mark("up2") + wait);
  add("trap '' INT TERM; " + mark("up3") + wait);
  const pid_t worker = start_worker();
  ASSERT_TRUE(wait_until([&] { return exists("up1") && exists("up2") && exists("up3"); }));
  EXPECT_EQ(queue({"cancel", "1", "2", "3"}).code, 0);
  EXPECT_EQ(job(3).state, "running");
  EXPECT_THAT(job(3).message, HasSubstr("cancelling"));
  ::waitpid(worker, nullptr, 0);  // ends when the queue is empty
  for (const int64_t id : {1, 2, 3}) EXPECT_EQ(job(id).state, "cancelled") << id;
  EXPECT_TRUE(exists("saved"));
  EXPECT_TRUE(exists("told"));
  EXPECT_EQ(job(3).exit_code, 128 + SIGKILL);
}

TEST_F(QueueProgram, JobsSurviveWorkersAndKeepers) {
  const auto script = [&](const std::string& name) {
    return "touch " + (dir_ / ("up-" + name)).string() + "; while [ ! -e " + (dir_ / "go").string() +
           " ]; do sleep 0.05; done; touch " + (dir_ / ("end-" + name)).string();
  };
  add(script("a"));
  add(script("b"));
  const pid_t worker = ::fork();
  if (worker == 0) {
    for (const auto& [name, value] : environment()) ::setenv(name.c_str(), value.c_str(), 1);
    ::execl(testing::program_path("conclave-history").c_str(), "conclave-history", "queue", "run",
            "--cpu-slots", "4", nullptr);
    ::_exit(127);
  }
  ASSERT_TRUE(
      wait_until([&] { return exists("up-a") && exists("up-b") && job(1).child > 0 && job(2).child > 0; }));
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  // The keeper of the second one dies, too; its command goes on.
  {
    const Store store = Store::open(dir_ / "history.db");
    const Outcome keeper = testing::run_program(
        {"conclave-history", "query", "--sql", "SELECT pid FROM job WHERE id = 2", "--format", "csv"},
        environment());
    const auto pid = static_cast<pid_t>(std::stol(keeper.out.substr(keeper.out.find('\n') + 1)));
    ASSERT_GT(pid, 1);
    ::kill(pid, SIGKILL);
    ASSERT_TRUE(wait_until([&] { return !Queue(store).recover().empty(); }));
  }
  EXPECT_EQ(job(1).state, "running");
  EXPECT_EQ(job(2).state, "running");
  const pid_t next = start_worker();  // a new worker finds both
  write_file(dir_ / "go", "");
  ::waitpid(next, nullptr, 0);
  EXPECT_TRUE(exists("end-a"));
  EXPECT_TRUE(exists("end-b"));
  EXPECT_EQ(job(1).state, "done");
  EXPECT_EQ(job(2).message, "nobody saw how it ended");  // it recorded no run that could tell
}

}  // namespace
}  // namespace conclave
