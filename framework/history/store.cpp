#include "framework/history/store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cmath>
#include <limits>
#include <map>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/guard.h"
#include "framework/history/machine.h"
#include "framework/history/record.h"
#include "framework/history/schema.h"
#include "framework/history/spool.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

std::string blob(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<size_t>(column.getBytes())};
}
std::optional<int64_t> maybe(const SQLite::Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getInt64());
}
// NULL stands for NaN.
double real(const SQLite::Column& column) {
  return column.isNull() ? std::numeric_limits<double>::quiet_NaN() : column.getDouble();
}
Json json(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

// The WHERE of a filter, and its values in order.
struct Where {
  std::string sql;
  std::vector<Json> values;

  explicit Where(const RunFilter& filter) {
    add(filter.deleted ? "run.deleted_ms IS NOT NULL" : "run.deleted_ms IS NULL");
    for (const auto& [column, value] :
         {std::pair{"app", &filter.app}, {"verb", &filter.verb}, {"status", &filter.status}})
      if (!value->empty()) add(fmt::format("run.{} = ?", column), *value);
    if (!filter.parent.empty()) add("run.parent_run = ?", filter.parent);
    if (!filter.experiment.empty())
      add("run.experiment = (SELECT id FROM experiment WHERE name = ?)", filter.experiment);
    if (filter.started_after_ms > 0) add("run.started_ms >= ?", filter.started_after_ms);
    if (filter.started_before_ms > 0) add("run.started_ms < ?", filter.started_before_ms);
    for (const auto& tag : filter.tags)
      add("EXISTS (SELECT 1 FROM tag WHERE tag.run = run.id AND tag.name = ?)", tag);
    for (const auto& metric : filter.metrics) {
      add("EXISTS (SELECT 1 FROM metric_last JOIN metric_key ON metric_key.id = metric_last.key "
          "WHERE metric_last.run = run.id AND metric_key.name = ? AND metric_last.last " +
              metric.op + " ?)",
          metric.name);
      values.push_back(metric.value);
    }
    // Values are kept as JSON: a text has quotes, a number none.
    for (const auto& param : filter.params) {
      add("EXISTS (SELECT 1 FROM param WHERE param.run = run.id AND param.key = ? AND param.value IN (?, ?))",
          param.key);
      values.push_back(param.value);
      values.push_back(Json(param.value).dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    for (const auto& word : filter.words) {
      std::string quoted = "\"";
      for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
      add("run.id IN (SELECT rowid FROM search WHERE words MATCH ?)", quoted + "\"*");
    }
  }

  void bind(Statement& statement) const {
    int i = 0;
    for (const Json& value : values) {
      ++i;
      if (value.is_string())
        statement.bind(i, value.get<std::string>());
      else if (value.is_number_float())
        statement.bind(i, value.get<double>());
      else
        statement.bind(i, value.get<int64_t>());
    }
  }

 private:
  void add(const std::string& condition) { sql += (sql.empty() ? "WHERE " : " AND ") + condition; }
  template <class T>
  void add(const std::string& condition, const T& value) {
    add(condition);
    values.push_back(value);
  }
};

constexpr const char* kSummaryColumns =
    "run.id, uuid, run.name, coalesce(experiment.name, ''), app, verb, status, message, started_ms, "
    "finished_ms, "
    "heartbeat_ms, exit_code, deleted_ms";

template <class Run>
Run read_summary(const Statement& row) {
  Run run;
  run.id = row.getColumn(0).getInt64();
  std::string* const texts[] = {&run.uuid, &run.name,   &run.experiment, &run.app,
                                &run.verb, &run.status, &run.message};
  for (int i = 0; i < 7; ++i) *texts[i] = row.getColumn(i + 1).getString();
  run.started_ms = row.getColumn(8).getInt64();
  run.finished_ms = maybe(row.getColumn(9));
  run.heartbeat_ms = maybe(row.getColumn(10));
  run.exit_code = maybe(row.getColumn(11));
  run.deleted_ms = maybe(row.getColumn(12));
  return run;
}

// Tags and last metrics of `runs` (an SQL list of ids, or a query for them) in two questions.
void add_tags_and_metrics(SQLite::Database& db, const std::string& runs,
                          const std::function<void(Statement&)>& bind,
                          const std::function<RunSummary*(int64_t)>& find) {
  Statement tags(db, "SELECT run, name FROM tag WHERE run IN (" + runs + ") ORDER BY name");
  bind(tags);
  while (tags.executeStep())
    if (auto* run = find(tags.getColumn(0).getInt64())) run->tags.push_back(tags.getColumn(1).getString());
  Statement metrics(db,
                    "SELECT run, name, unit, goal, step, last, min, max, n, nonfinite FROM metric_last "
                    "JOIN metric_key ON metric_key.id = metric_last.key WHERE run IN (" +
                        runs + ") ORDER BY name");
  bind(metrics);
  while (metrics.executeStep()) {
    auto* run = find(metrics.getColumn(0).getInt64());
    if (!run) continue;
    run->metrics.push_back(
        {metrics.getColumn(1).getString(), metrics.getColumn(2).getString(), metrics.getColumn(3).getString(),
         metrics.getColumn(4).getInt64(), real(metrics.getColumn(5)), real(metrics.getColumn(6)),
         real(metrics.getColumn(7)), metrics.getColumn(8).getInt64(), metrics.getColumn(9).getInt64()});
  }
}

}  // namespace

double RunSummary::seconds() const {
  const int64_t end = finished_ms ? *finished_ms : heartbeat_ms.value_or(started_ms);
  return static_cast<double>(end - started_ms) / 1000;
}

const MetricSummary* RunSummary::metric(const std::string& name) const {
  for (const auto& metric : metrics)
    if (metric.name == name) return &metric;
  return nullptr;
}

std::vector<RunSummary> Store::list(const RunFilter& filter) const {
  return guarded(path_, [&] {
    const Where where(filter);
    const std::string page =
        where.sql +
        fmt::format(" ORDER BY started_ms DESC, run.id DESC LIMIT {} OFFSET {}", filter.limit, filter.offset);
    // One moment for all questions.
    SQLite::Transaction moment(*db_);
    Statement rows(*db_,
                   fmt::format("SELECT {} FROM run LEFT JOIN experiment ON experiment.id = run.experiment {}",
                               kSummaryColumns, page));
    where.bind(rows);
    std::vector<RunSummary> runs;
    std::map<int64_t, size_t> place;
    while (rows.executeStep()) {
      runs.push_back(read_summary<RunSummary>(rows));
      place[runs.back().id] = runs.size() - 1;
    }
    add_tags_and_metrics(
        *db_, "SELECT id FROM run " + page, [&](Statement& s) { where.bind(s); },
        [&](int64_t id) {
          const auto at = place.find(id);
          return at == place.end() ? nullptr : &runs[at->second];
        });
    return runs;
  });
}

int64_t Store::count(const RunFilter& filter) const {
  return guarded(path_, [&] {
    const Where where(filter);
    Statement rows(*db_, "SELECT count(*) FROM run " + where.sql);
    where.bind(rows);
    rows.executeStep();
    return rows.getColumn(0).getInt64();
  });
}

int64_t Store::find(const std::string& reference) const {
  return guarded(path_, [&] {
    const bool digits = !reference.empty() && reference.find_first_not_of("0123456789") == std::string::npos;
    std::string pattern;  // LIKE's wildcards must not come in from outside
    for (const char c : reference)
      pattern += (c == '%' || c == '_' || c == '\\') ? std::string{'\\', c} : std::string{c};
    struct Question {
      std::string sql, value;
      bool first;
    };
    std::vector<Question> questions;
    require<UsageError>(!reference.empty(),
                        "a run is wanted: a number, the beginning of an id, a name, or last");
    if (reference == "last")
      questions.push_back(
          {"SELECT id FROM run WHERE deleted_ms IS NULL AND ? <> '' ORDER BY started_ms DESC, id DESC",
           reference, true});
    if (digits) questions.push_back({"SELECT id FROM run WHERE id = CAST(? AS INTEGER)", reference, true});
    questions.push_back(
        {"SELECT id FROM run WHERE name = ? ORDER BY started_ms DESC, id DESC", reference, true});
    if (reference.size() >= 4)
      questions.push_back({"SELECT id FROM run WHERE uuid LIKE ? ESCAPE '\\'", pattern + "%", false});
    for (const auto& question : questions) {
      Statement rows(*db_, question.sql);
      rows.bind(1, question.value);
      if (!rows.executeStep()) continue;
      const int64_t id = rows.getColumn(0).getInt64();
      require<UsageError>(question.first || !rows.executeStep(), "'{}' begins more than one run's id",
                          reference);
      return id;
    }
    throw UsageError(fmt::format("no run '{}' in {} (a number, the beginning of an id, a name, or last)",
                                 reference, path_.string()));
  });
}

RunDetail Store::show(int64_t id) const {
  return guarded(path_, [&] {
    SQLite::Transaction moment(*db_);
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
    add_tags_and_metrics(
        *db_, "?", [&](Statement& s) { s.bind(1, id); }, [&](int64_t) { return &run; });

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

Series Store::series(int64_t run, const std::string& metric) const {
  return series_from(run, metric, 0);
}

Series Store::series_from(int64_t run, const std::string& metric, int64_t from) const {
  return guarded(path_, [&] {
    // Every chunk but the last is full, so an index names its chunk.
    const auto size = static_cast<int64_t>(kChunkPoints);
    from = std::max<int64_t>(0, from);
    Statement rows(
        *db_,
        "SELECT n, step0, stride, steps, seconds, vals FROM metric_chunk WHERE run = ? AND chunk >= ? AND "
        "key = (SELECT id FROM metric_key WHERE name = ?) ORDER BY chunk");
    rows.bind(1, run);
    rows.bind(2, from / size);
    rows.bind(3, metric);
    Series all;
    while (rows.executeStep()) {
      const auto n = static_cast<size_t>(rows.getColumn(0).getInt64());
      const auto steps = unpack_steps(n, rows.getColumn(1).getInt64(), rows.getColumn(2).getInt64(),
                                      blob(rows.getColumn(3)));
      const auto seconds = unpack<float>(blob(rows.getColumn(4)));
      const auto values = unpack<double>(blob(rows.getColumn(5)));
      require(seconds.size() == n && values.size() == n,
              "{}: a chunk of '{}' has {} times and {} values for {} steps", path_.string(), metric,
              seconds.size(), values.size(), n);
      const auto skip = static_cast<std::ptrdiff_t>(
          all.size() == 0 ? std::min<size_t>(n, static_cast<size_t>(from % size)) : 0);
      all.steps.insert(all.steps.end(), steps.begin() + skip, steps.end());
      all.seconds.insert(all.seconds.end(), seconds.begin() + skip, seconds.end());
      all.values.insert(all.values.end(), values.begin() + skip, values.end());
    }
    return all;
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
    Statement rows(*db_,
                   "SELECT site, modality, tokens, counts, prob_sums, dropped FROM routing_chunk "
                   "WHERE run = ? AND split = ? AND step = ? ORDER BY rowid");
    rows.bind(1, run);
    rows.bind(2, split);
    rows.bind(3, step);
    std::vector<RoutingRow> found;
    while (rows.executeStep())
      found.push_back({step, split, rows.getColumn(0).getString(), rows.getColumn(1).getString(),
                       rows.getColumn(2).getInt64(), unpack<uint32_t>(blob(rows.getColumn(3))),
                       unpack<float>(blob(rows.getColumn(4))), unpack<uint32_t>(blob(rows.getColumn(5)))});
    return found;
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

std::vector<std::string> Store::check() const {
  return guarded(path_, [&] {
    std::vector<std::string> found;
    for (const char* sql : {"PRAGMA integrity_check", "PRAGMA foreign_key_check"}) {
      Statement rows(*db_, sql);
      while (rows.executeStep())
        if (std::string text = rows.getColumn(0).getString(); text != "ok") found.push_back(std::move(text));
    }
    return found;
  });
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

void Store::record(std::span<const Json> records) {
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
    recorder.finish();
    transaction.commit();
  });
}

}  // namespace conclave
