/// Jobs: command lines that wait in the history for a free slot, run apart from whoever queued them, and are
/// found again after a crash or a restart.
///
/// A job that runs has a keeper: a small process (keep_job) that starts the command, waits for it and writes
/// down how it ended. Workbench, worker and terminal may go away meanwhile. When a keeper itself is killed,
/// recover() finds its job: a command that still runs gets a new keeper, one that is gone is judged by its
/// run in the history.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

struct JobSpec {
  std::vector<std::string> argv;
  std::vector<std::string> retry_argv = {};  ///< put behind argv when it is tried again: {"--resume"}
  std::string folder = "";                   ///< where it runs
  std::string name = "", batch = "";         ///< batch: what was queued together
  std::string device = "cpu";                ///< "cpu" or "gpu"
  int64_t slots = 1;                         ///< of that device
  int64_t priority = 0;                      ///< higher ones first
  int64_t retries = 0;                       ///< times it is tried again when it fails
};

struct Job : JobSpec {
  int64_t id = 0;
  std::string uuid;
  std::string state;  ///< waiting, running, done, failed, cancelled
  std::string run;    ///< uuid of its run, when it records one
  std::string log;    ///< file with what it wrote
  std::string message;
  int64_t tries = 0;
  int64_t created_ms = 0;
  std::optional<int64_t> cancel_ms, started_ms, heartbeat_ms, finished_ms, exit_code;
  int64_t child = 0;  ///< process number of the command
};

/// How many slots there are on this machine.
struct Slots {
  int64_t cpu = 1, gpu = 0;
};

/// Not thread-safe, like the Store that it works on. Any number of processes may use the same queue.
class Queue {
 public:
  explicit Queue(const Store& store) : store_(store) {}

  std::vector<int64_t> add(std::span<const JobSpec> jobs);
  /// Running ones first, then waiting ones as they will come, then the latest that ended.
  std::vector<Job> list(int64_t limit = -1) const;
  struct Counts {
    int64_t running = 0, waiting = 0;
  };
  Counts counts() const;
  /// UsageError when there is none.
  Job show(int64_t id) const;
  /// The job that started a run (its uuid), where one did.
  std::optional<Job> started_run(const std::string& run) const;
  /// A waiting job is cancelled at once, a running one is asked to stop; returns its state after that.
  std::string cancel(int64_t id);
  /// A job that ended waits again. UsageError when it has not ended.
  void retry(int64_t id);
  void set_priority(int64_t id, int64_t priority);
  /// Forgets a job that is not running.
  void remove(int64_t id);

  /// The next waiting job that fits into what running ones leave free; it is running from here on.
  std::optional<Job> claim(const Slots& slots);
  /// Jobs whose keeper is dead: back to waiting when the command never began, ended when it is gone. Returns
  /// those whose command still runs and wants a new keeper.
  std::vector<int64_t> recover();

  // What a keeper reports.
  void keep(int64_t id, const std::filesystem::path& log);
  void started(int64_t id, int64_t child);
  /// A sign of life; returns when cancelling was asked for.
  std::optional<int64_t> beat(int64_t id, const std::string& message = "");
  /// `exit_code`: of the command, or 128 + signal; nullopt when nobody saw it. Fails are tried again as often
  /// as the job allows.
  void finish(int64_t id, std::optional<int64_t> exit_code, const std::string& message = "");

 private:
  const Store& store_;
};

/// How long a cancelled command has for each step: SIGINT (stop cleanly and save), SIGTERM, then SIGKILL.
struct Patience {
  double interrupt_s = 30, terminate_s = 10;
};

/// The keeper: runs job `id` of the history at `path` to its end, or watches the command that already runs.
/// Its output goes into state_home()/jobs/. The command gets CONCLAVE_HISTORY and CONCLAVE_JOB, by which its
/// run finds the job.
void keep_job(const std::filesystem::path& path, int64_t id, const Patience& patience = {});

/// Starts `program` with `words` in a session of its own, apart from this process, and returns its number.
int64_t start_apart(const std::vector<std::string>& words);

}  // namespace conclave
