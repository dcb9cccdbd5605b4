#include "framework/history/queue.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "framework/base/error.h"
#include "framework/history/guard.h"
#include "framework/history/machine.h"
#include "framework/history/summary.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

constexpr const char* kColumns =
    "id, uuid, state, name, batch, device, slots, priority, retries, argv, retry_argv, folder, run, log, "
    "message, "
    "tries, created_ms, cancel_ms, started_ms, heartbeat_ms, finished_ms, exit_code, child";

std::vector<std::string> words(const std::string& json) {
  std::vector<std::string> all;
  for (const Json& word : Json::parse(json, nullptr, false))
    if (word.is_string()) all.push_back(word);
  return all;
}

Job read_job(const Statement& row) {
  const auto text = [&](int i) { return row.getColumn(i).getString(); };
  const auto number = [&](int i) { return row.getColumn(i).getInt64(); };
  Job job;
  job.id = number(0);
  std::string* const texts[] = {&job.uuid, &job.state, &job.name, &job.batch, &job.device};
  for (int i = 0; i < 5; ++i) *texts[i] = text(i + 1);
  job.slots = number(6);
  job.priority = number(7);
  job.retries = number(8);
  job.argv = words(text(9));
  job.retry_argv = words(text(10));
  job.folder = text(11);
  job.run = text(12);
  job.log = text(13);
  job.message = text(14);
  job.tries = number(15);
  job.created_ms = number(16);
  std::optional<int64_t>* const times[] = {&job.cancel_ms, &job.started_ms, &job.heartbeat_ms,
                                           &job.finished_ms, &job.exit_code};
  for (int i = 0; i < 5; ++i) *times[i] = maybe(row.getColumn(17 + i));
  job.child = number(22);
  return job;
}

Job find(SQLite::Database& db, int64_t id) {
  Statement row(db, fmt::format("SELECT {} FROM job WHERE id = ?", kColumns));
  row.bind(1, id);
  require<UsageError>(row.executeStep(), "no job {} in the queue", id);
  return read_job(row);
}

void bind_process(Statement& statement, int first, const ProcessId& process) {
  statement.bind(first, process.host);
  statement.bind(first + 1, process.boot_id);
  statement.bind(first + 2, process.pid_space);
  statement.bind(first + 3, process.pid);
  statement.bind(first + 4, process.start);
}
constexpr const char* kSetKeeper = "host = ?, boot_id = ?, pid_space = ?, pid = ?, pid_start = ?";

// Everything in one transaction that takes the lock first.
template <class Body>
auto change(const Store& store, const Body& body) {
  return guarded(store.path(), [&] {
    SQLite::Transaction transaction(store.database(), SQLite::TransactionBehavior::IMMEDIATE);
    if constexpr (std::is_void_v<decltype(body(store.database()))>) {
      body(store.database());
      transaction.commit();
    } else {
      auto result = body(store.database());
      transaction.commit();
      return result;
    }
  });
}

template <class... Args>
int execute(SQLite::Database& db, const std::string& sql, const Args&... args) {
  Statement statement(db, sql);
  int i = 0;
  (statement.bind(++i, args), ...);
  return statement.exec();
}

void end(SQLite::Database& db, const Job& job, std::optional<int64_t> exit_code, const std::string& message) {
  const bool again = !job.cancel_ms && exit_code != 0 && job.tries <= job.retries;
  const char* const state = again            ? "waiting"
                            : job.cancel_ms  ? (exit_code == 0 ? "done" : "cancelled")
                            : exit_code == 0 ? "done"
                                             : "failed";
  Statement row(
      db, "UPDATE job SET state = ?, exit_code = ?, message = ?, finished_ms = ?, child = 0 WHERE id = ?");
  row.bind(1, state);
  exit_code ? row.bind(2, *exit_code) : row.bind(2);
  row.bind(
      3, again ? fmt::format("tried again: {}",
                             message.empty() ? fmt::format("exit code {}", exit_code.value_or(-1)) : message)
               : message);
  row.bind(4, now_ms());
  row.bind(5, job.id);
  row.exec();
}

}  // namespace

std::vector<int64_t> Queue::add(std::span<const JobSpec> jobs) {
  for (const auto& job : jobs) {
    require<UsageError>(!job.argv.empty(), "a job needs a command");
    require<UsageError>(job.slots >= 1, "a job needs a slot at least, not {}", job.slots);
    require<UsageError>(job.retries >= 0, "a job cannot be tried again {} times", job.retries);
  }
  return change(store_, [&](SQLite::Database& db) {
    std::vector<int64_t> ids;
    for (const auto& job : jobs) {
      execute(db,
              "INSERT INTO job (uuid, state, name, batch, device, slots, priority, retries, argv, "
              "retry_argv, folder, "
              "created_ms) VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              new_uuid(), job.name, job.batch, job.device, job.slots, job.priority, job.retries,
              Json(job.argv).dump(), Json(job.retry_argv).dump(), job.folder, now_ms());
      ids.push_back(db.getLastInsertRowid());
    }
    return ids;
  });
}

std::vector<Job> Queue::list(int64_t limit) const {
  return guarded(store_.path(), [&] {
    Statement rows(
        store_.database(),
        fmt::format("SELECT {} FROM job ORDER BY CASE state WHEN 'running' THEN 0 WHEN 'waiting' THEN 1 ELSE "
                    "2 END, CASE state WHEN 'waiting' THEN -priority WHEN 'running' THEN 0 ELSE -finished_ms "
                    "END, id LIMIT {}",
                    kColumns, limit));
    std::vector<Job> jobs;
    while (rows.executeStep()) jobs.push_back(read_job(rows));
    return jobs;
  });
}

Queue::Counts Queue::counts() const {
  return guarded(store_.path(), [&] {
    Statement rows(store_.database(),
                   "SELECT state, count(*) FROM job WHERE state IN ('running', 'waiting') GROUP BY state");
    Counts counts;
    while (rows.executeStep())
      (rows.getColumn(0).getString() == "running" ? counts.running : counts.waiting) =
          rows.getColumn(1).getInt64();
    return counts;
  });
}

Job Queue::show(int64_t id) const {
  return guarded(store_.path(), [&] { return find(store_.database(), id); });
}

std::optional<Job> Queue::started_run(const std::string& run) const {
  return guarded(store_.path(), [&]() -> std::optional<Job> {
    Statement row(store_.database(), fmt::format("SELECT {} FROM job WHERE run = ?", kColumns));
    row.bind(1, run);
    if (!row.executeStep()) return std::nullopt;
    return read_job(row);
  });
}

std::string Queue::cancel(int64_t id) {
  return change(store_, [&](SQLite::Database& db) {
    find(db, id);
    execute(db, "UPDATE job SET state = 'cancelled', finished_ms = ? WHERE id = ? AND state = 'waiting'",
            now_ms(), id);
    execute(db,
            "UPDATE job SET cancel_ms = ?, message = 'cancelling...' WHERE id = ? AND state = 'running' AND "
            "cancel_ms "
            "IS NULL",
            now_ms(), id);
    return find(db, id).state;
  });
}

void Queue::retry(int64_t id) {
  change(store_, [&](SQLite::Database& db) {
    const Job job = find(db, id);
    require<UsageError>(job.state != "waiting" && job.state != "running", "job {} is {}", id, job.state);
    execute(db,
            "UPDATE job SET state = 'waiting', cancel_ms = NULL, finished_ms = NULL, exit_code = NULL, "
            "message = '', "
            "retries = max(retries, tries) WHERE id = ?",
            id);
  });
}

void Queue::set_priority(int64_t id, int64_t priority) {
  change(store_, [&](SQLite::Database& db) {
    find(db, id);
    execute(db, "UPDATE job SET priority = ? WHERE id = ?", priority, id);
  });
}

void Queue::remove(int64_t id) {
  change(store_, [&](SQLite::Database& db) {
    require<UsageError>(find(db, id).state != "running", "job {} is running: cancel it first", id);
    execute(db, "DELETE FROM job WHERE id = ?", id);
  });
}

std::optional<Job> Queue::claim(const Slots& slots) {
  return change(store_, [&](SQLite::Database& db) -> std::optional<Job> {
    int64_t free_cpu = slots.cpu, free_gpu = slots.gpu;
    Statement used(db, "SELECT device, sum(slots) FROM job WHERE state = 'running' GROUP BY device");
    while (used.executeStep())
      (used.getColumn(0).getString() == "gpu" ? free_gpu : free_cpu) -= used.getColumn(1).getInt64();
    // A job that needs more than there is would wait for ever: it gets all there is.
    Statement next(db,
                   fmt::format("SELECT {} FROM job WHERE state = 'waiting' AND CASE device WHEN 'gpu' THEN "
                               "min(slots, max(?, 1)) <= ? ELSE min(slots, max(?, 1)) <= ? END "
                               "ORDER BY priority DESC, id LIMIT 1",
                               kColumns));
    next.bind(1, slots.gpu);
    next.bind(2, free_gpu);
    next.bind(3, slots.cpu);
    next.bind(4, free_cpu);
    if (!next.executeStep()) return std::nullopt;
    const int64_t id = next.getColumn(0).getInt64();
    next.reset();
    Statement mark(
        db,
        fmt::format("UPDATE job SET state = 'running', tries = tries + 1, child = 0, run = '', started_ms "
                    "= ?, heartbeat_ms = ?, finished_ms = NULL, exit_code = NULL, message = '', {} "
                    "WHERE id = ?",
                    kSetKeeper));
    mark.bind(1, now_ms());
    mark.bind(2, now_ms());
    bind_process(mark, 3, this_process());
    mark.bind(8, id);
    mark.exec();
    return find(db, id);
  });
}

std::vector<int64_t> Queue::recover() {
  struct Left {
    Job job;
    bool command_runs;
  };
  std::vector<Left> left;
  guarded(store_.path(), [&] {
    Statement rows(
        store_.database(),
        fmt::format("SELECT {}, host, boot_id, pid_space, pid, pid_start, child_start FROM job WHERE state "
                    "= 'running'",
                    kColumns));
    while (rows.executeStep()) {
      ProcessId keeper{rows.getColumn(23).getString(), rows.getColumn(24).getString(),
                       rows.getColumn(25).getString(), rows.getColumn(26).getInt64(),
                       rows.getColumn(27).getInt64()};
      if (alive(keeper) != Alive::no) continue;
      ProcessId command = keeper;
      command.pid = rows.getColumn(22).getInt64();
      command.start = rows.getColumn(28).getInt64();
      left.push_back({read_job(rows), command.pid > 0 && alive(command) == Alive::yes});
    }
  });
  std::vector<int64_t> wanted;
  for (const auto& entry : left) {
    const auto& job = entry.job;  // a structured binding cannot go into a lambda everywhere
    if (entry.command_runs) {
      wanted.push_back(job.id);
    } else if (job.child == 0) {  // its keeper died before it began
      change(store_, [&](SQLite::Database& db) {
        execute(db,
                "UPDATE job SET state = CASE WHEN cancel_ms IS NULL THEN 'waiting' ELSE 'cancelled' END, "
                "tries = tries "
                "- 1 WHERE id = ? AND state = 'running' AND child = 0",
                job.id);
      });
    } else {
      finish(job.id, std::nullopt);
    }
  }
  return wanted;
}

void Queue::keep(int64_t id, const std::filesystem::path& log) {
  change(store_, [&](SQLite::Database& db) {
    Statement mark(
        db, fmt::format("UPDATE job SET {}, log = ?, heartbeat_ms = ? WHERE id = ? AND state = 'running'",
                        kSetKeeper));
    bind_process(mark, 1, this_process());
    mark.bind(6, log.string());
    mark.bind(7, now_ms());
    mark.bind(8, id);
    require<UsageError>(mark.exec() == 1, "job {} is not running", id);
  });
}

void Queue::started(int64_t id, int64_t child) {
  change(store_, [&](SQLite::Database& db) {
    execute(db, "UPDATE job SET child = ?, child_start = ? WHERE id = ?", child, process_of(child).start, id);
  });
}

std::optional<int64_t> Queue::beat(int64_t id, const std::string& message) {
  return change(store_, [&](SQLite::Database& db) {
    execute(db,
            "UPDATE job SET heartbeat_ms = ?, message = CASE ? WHEN '' THEN message ELSE ? END WHERE id = ?",
            now_ms(), message, message, id);
    return find(db, id).cancel_ms;
  });
}

void Queue::finish(int64_t id, std::optional<int64_t> exit_code, const std::string& message) {
  change(store_, [&](SQLite::Database& db) {
    const Job job = find(db, id);
    if (job.state != "running") return;
    if (exit_code || job.run.empty()) {
      end(db, job, exit_code, exit_code || !message.empty() ? message : "nobody saw how it ended");
      return;
    }
    // Nobody saw it end, but its run may have said so.
    Statement run(db, "SELECT status, exit_code FROM run WHERE uuid = ?");
    run.bind(1, job.run);
    const bool known = run.executeStep() && !run.getColumn(1).isNull();
    end(db, job, known ? std::optional(run.getColumn(1).getInt64()) : std::nullopt,
        known ? "judged by its run" : "nobody saw how it ended");
  });
}

}  // namespace conclave
