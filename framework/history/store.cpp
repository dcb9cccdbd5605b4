#include "framework/history/store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/guard.h"
#include "framework/history/machine.h"
#include "framework/history/record.h"
#include "framework/history/schema.h"
#include "framework/history/spool.h"
#include "framework/history/summary.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

Json json(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

constexpr const char* kRoutingColumns = "step, split, site, modality, tokens, counts, prob_sums, dropped";

std::vector<RoutingRow> read_routing(Statement& rows) {
  std::vector<RoutingRow> found;
  while (rows.executeStep())
    found.push_back({rows.getColumn(0).getInt64(), rows.getColumn(1).getString(),
                     rows.getColumn(2).getString(), rows.getColumn(3).getString(),
                     rows.getColumn(4).getInt64(), unpack<uint32_t>(blob(rows.getColumn(5))),
                     unpack<float>(blob(rows.getColumn(6))), unpack<uint32_t>(blob(rows.getColumn(7)))});
  return found;
}

}  // namespace

RunDetail Store::show(int64_t id) const {
  return guarded(path_, [&] {
    const SQLite::Transaction moment(*db_);
    Statement row(
        *db_, fmt::format("SELECT {}, argv, folder, version, git_sha, seed, host, parent_run, pid, machine "
                          "FROM run LEFT JOIN experiment ON experiment.id = run.experiment WHERE run.id = ?",
                          kSummaryColumns));
    row.bind(1, id);
    require<UsageError>(row.executeStep(), "no run {} in {}", id, path_.string());
    auto run = read_summary<RunDetail>(row);
    if (const Json argv = json(row.getColumn(13).getString()); argv.is_array())
      for (const Json& word : argv)
        if (word.is_string()) run.argv.push_back(word);
    std::string* const texts[] = {&run.folder, &run.version, &run.git_sha, &run.seed, &run.host, &run.parent};
    for (int i = 0; i < 6; ++i) *texts[i] = row.getColumn(14 + i).getString();
    run.pid = row.getColumn(20).getInt64();
    run.machine = json(row.getColumn(21).getString());
    RunSummary* const summary = &run;
    add_tags_and_metrics(*db_, std::span(&summary, 1), std::nullopt);

    Statement params(*db_, "SELECT key, value, source FROM param WHERE run = ? ORDER BY key");
    params.bind(1, id);
    while (params.executeStep())
      run.params.push_back({params.getColumn(0).getString(), json(params.getColumn(1).getString()),
                            params.getColumn(2).getString()});
    Statement artifacts(
        *db_,
        "SELECT sha256, kind, path, direction, size FROM run_artifact JOIN artifact ON artifact.id = "
        "run_artifact.artifact WHERE run = ? ORDER BY direction, path");
    artifacts.bind(1, id);
    while (artifacts.executeStep())
      run.artifacts.push_back({artifacts.getColumn(0).getString(), artifacts.getColumn(1).getString(),
                               artifacts.getColumn(2).getString(), artifacts.getColumn(3).getString(),
                               artifacts.getColumn(4).getInt64()});
    Statement events(*db_, "SELECT time_ms, step, level, text FROM event WHERE run = ? ORDER BY id");
    events.bind(1, id);
    while (events.executeStep())
      run.events.push_back({events.getColumn(0).getInt64(), maybe(events.getColumn(1)),
                            events.getColumn(2).getString(), events.getColumn(3).getString()});
    Statement note(*db_, "SELECT text FROM note WHERE run = ?");
    note.bind(1, id);
    if (note.executeStep()) run.note = note.getColumn(0).getString();
    return run;
  });
}

std::vector<std::string> Store::routing_splits(int64_t run) const {
  return guarded(path_, [&] {
    Statement rows(*db_, "SELECT DISTINCT split FROM routing_chunk WHERE run = ? ORDER BY split");
    rows.bind(1, run);
    std::vector<std::string> splits;
    while (rows.executeStep()) splits.push_back(rows.getColumn(0).getString());
    return splits;
  });
}

std::vector<int64_t> Store::routing_steps(int64_t run, const std::string& split) const {
  return guarded(path_, [&] {
    Statement rows(*db_, "SELECT DISTINCT step FROM routing_chunk WHERE run = ? AND split = ? ORDER BY step");
    rows.bind(1, run);
    rows.bind(2, split);
    std::vector<int64_t> steps;
    while (rows.executeStep()) steps.push_back(rows.getColumn(0).getInt64());
    return steps;
  });
}

std::vector<RoutingRow> Store::routing(int64_t run, const std::string& split, int64_t step) const {
  return guarded(path_, [&] {
    Statement rows(*db_, fmt::format("SELECT {} FROM routing_chunk WHERE run = ? AND split = ? AND step = ? "
                                     "ORDER BY rowid",
                                     kRoutingColumns));
    rows.bind(1, run);
    rows.bind(2, split);
    rows.bind(3, step);
    return read_routing(rows);
  });
}

std::vector<RoutingRow> Store::routing_over_steps(int64_t run, const std::string& split,
                                                  const std::string& site,
                                                  const std::string& modality) const {
  return guarded(path_, [&] {
    Statement rows(*db_, fmt::format("SELECT {} FROM routing_chunk WHERE run = ? AND split = ? AND site = ? "
                                     "AND modality = ? ORDER BY step",
                                     kRoutingColumns));
    rows.bind(1, run);
    rows.bind(2, split);
    rows.bind(3, site);
    rows.bind(4, modality);
    return read_routing(rows);
  });
}

std::vector<int64_t> Store::runs_with_artifact(const std::string& sha256) const {
  return guarded(path_, [&] {
    Statement rows(
        *db_,
        "SELECT DISTINCT run FROM run_artifact JOIN artifact ON artifact.id = run_artifact.artifact "
        "WHERE sha256 = ? ORDER BY run");
    rows.bind(1, sha256);
    std::vector<int64_t> runs;
    while (rows.executeStep()) runs.push_back(rows.getColumn(0).getInt64());
    return runs;
  });
}

int64_t Store::data_version() const {
  return guarded(path_, [&] { return db_->execAndGet("PRAGMA data_version").getInt64(); });
}

void Store::update(const char* sql, int64_t run, const std::string& text, bool words) {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    Statement statement(*db_, sql);
    statement.bind(1, run);
    statement.bind(2, text);
    statement.bind(3, now_ms());
    statement.exec();
    if (words) refresh_search(*db_, run);
    transaction.commit();
  });
}

// ?3, the time, is named in each so that it may always be bound.
void Store::set_name(int64_t run, const std::string& name) {
  update("UPDATE run SET name = ?2 WHERE id = ?1 AND ?3 > 0", run, name, true);
}
void Store::set_note(int64_t run, const std::string& text) {
  update("INSERT OR REPLACE INTO note (run, text, changed_ms) VALUES (?1, ?2, ?3)", run, text, true);
}
void Store::add_tag(int64_t run, const std::string& tag) {
  require<UsageError>(!tag.empty(), "a tag must not be empty");
  update("INSERT OR IGNORE INTO tag (run, name) SELECT ?1, ?2 WHERE ?3 > 0", run, tag, true);
}
void Store::remove_tag(int64_t run, const std::string& tag) {
  update("DELETE FROM tag WHERE run = ?1 AND name = ?2 AND ?3 > 0", run, tag, true);
}
void Store::set_deleted(int64_t run, bool deleted) {
  update("UPDATE run SET deleted_ms = CASE ?2 WHEN '1' THEN ?3 END WHERE id = ?1", run, deleted ? "1" : "0",
         false);
}

void Store::purge(std::span<const int64_t> runs) {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    for (const char* sql : {"DELETE FROM search WHERE rowid = ?", "DELETE FROM run WHERE id = ?"}) {
      Statement statement(*db_, sql);
      for (const int64_t run : runs) {
        statement.bind(1, run);
        statement.exec();
        statement.reset();
      }
    }
    db_->exec("DELETE FROM artifact WHERE id NOT IN (SELECT artifact FROM run_artifact)");
    transaction.commit();
  });
}

void Store::compact() {
  guarded(path_, [&] { db_->exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"); });
}

int Store::sweep() {
  return guarded(path_, [&] {
    std::vector<int64_t> dead;
    {
      Statement rows(*db_,
                     "SELECT id, host, boot_id, pid_space, pid, pid_start FROM run WHERE status = 'running'");
      while (rows.executeStep()) {
        const ProcessId process{rows.getColumn(1).getString(), rows.getColumn(2).getString(),
                                rows.getColumn(3).getString(), rows.getColumn(4).getInt64(),
                                rows.getColumn(5).getInt64()};
        if (alive(process) == Alive::no) dead.push_back(rows.getColumn(0).getInt64());
      }
    }
    if (dead.empty()) return 0;
    // A run may have finished between the two questions: asked for again.
    int changed = 0;
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    Statement mark(*db_, "UPDATE run SET status = 'lost' WHERE id = ? AND status = 'running'");
    for (const int64_t run : dead) {
      mark.bind(1, run);
      changed += mark.exec();
      mark.reset();
    }
    transaction.commit();
    return changed;
  });
}

int Store::import_spooled() {
  int taken = 0;
  for (const auto& file : spool_files(path_)) taken += import_file(file) ? 1 : 0;
  return taken;
}

bool Store::import_file(const std::filesystem::path& file) {
  return guarded(path_, [&] { return import_spool(*db_, file); });
}

void Store::record(std::span<const Json> records, const std::string& run, const Curves& curves) {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    Recorder recorder(*db_);
    for (const Json& one : records) {
      try {
        recorder.apply(one);
      } catch (const Error& e) {
        log_warning("{}", e.what());
      }
    }
    recorder.curves(run, curves);
    recorder.finish();
    transaction.commit();
  });
}

}  // namespace conclave
