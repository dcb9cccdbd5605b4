// A writer is killed (kill -9) at random moments, again and again, on one file that all share: nothing is
// damaged, what is kept is the beginning of what was said, and at most the last second is missing.
// CONCLAVE_KILLS sets how often; docs/history.md has the figures of a thousand.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "framework/history/machine.h"
#include "framework/history/run_writer.h"
#include "testing/testing.h"

namespace conclave {
namespace {

constexpr int kAtOnce = 4;

// What a victim has said so far, seen by its killer.
struct Said {
  std::atomic<int64_t> points;
  char uuid[40];
};

[[noreturn]] void write_until_killed(const std::filesystem::path& path, Said& said) {
  RunWriter run(path, {"toy", "train"});
  run.uuid().copy(said.uuid, sizeof said.uuid - 1);
  for (int64_t i = 0;; ++i) {
    // The value is the time at which it was said.
    run.metric("time", i, static_cast<double>(now_ms()));
    said.points = i + 1;
    if (i % 20 == 19) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(Kill, KeepsAllButTheLastSecond) {
  const char* const wanted = std::getenv("CONCLAVE_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 24;
  testing::TempDir dir;
  const auto path = dir / "history.db";
  const size_t bytes = sizeof(Said) * static_cast<size_t>(kills);
  void* const shared = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* const said = static_cast<Said*>(shared);

  struct Victim {
    pid_t child;
    int number;
    int64_t dies_ms;
  };
  std::mt19937 random(7);
  std::uniform_int_distribution<int> lifetime(5, 2500);
  std::vector<Victim> alive;
  std::vector<int64_t> died_ms(static_cast<size_t>(kills));
  for (int next = 0; next < kills || !alive.empty();) {
    while (next < kills && alive.size() < kAtOnce) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) write_until_killed(path, said[next]);
      alive.push_back({child, next++, now_ms() + lifetime(random)});
    }
    std::erase_if(alive, [&](const Victim& victim) {
      if (now_ms() < victim.dies_ms) return false;
      died_ms[static_cast<size_t>(victim.number)] = now_ms();
      ::kill(victim.child, SIGKILL);
      int status = 0;
      ::waitpid(victim.child, &status, 0);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
      return true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  const Store store = Store::open(path);
  EXPECT_TRUE(store.check().empty());
  int64_t worst_ms = 0, points = 0, unheard = 0;
  for (int i = 0; i < kills; ++i) {
    if (said[i].uuid[0] == '\0') continue;  // killed before its run began
    int64_t run = 0;
    try {
      run = store.find(said[i].uuid);
    } catch (const std::exception&) {
      ++unheard;  // killed before the first commit
      continue;
    }
    EXPECT_EQ(store.show(run).status, "lost");
    const Series series = store.series(run, "time");
    ASSERT_LE(static_cast<int64_t>(series.size()), said[i].points + 1);
    for (size_t k = 0; k < series.size(); ++k) ASSERT_EQ(series.steps[k], static_cast<int64_t>(k));
    points += static_cast<int64_t>(series.size());
    if (series.size() > 0)
      worst_ms =
          std::max(worst_ms, died_ms[static_cast<size_t>(i)] - static_cast<int64_t>(series.values.back()));
  }
  EXPECT_GT(points, 0);
  std::printf(
      "%d kills: %ld points kept, at most the last %ld ms of a run missing, %ld killed before their first "
      "commit\n",
      kills, points, worst_ms, unheard);
  ::munmap(shared, bytes);
}

}  // namespace
}  // namespace conclave
