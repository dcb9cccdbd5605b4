#include "framework/history/copy.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/history/guard.h"
#include "framework/history/machine.h"
#include "framework/history/schema.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

using Statement = SQLite::Statement;

// A file beside the history that goes away with the object.
class Scratch {
 public:
  explicit Scratch(const fs::path& beside)
      : path_(beside.string() + "." + new_uuid().substr(0, 8) + ".part") {}
  ~Scratch() {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(path_.string() + end, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Page by page, whatever the pages hold: also of a damaged or an older history.
void copy_pages(const fs::path& from, const fs::path& to) {
  guarded(from, [&] {
    const auto look = [&](bool immutable) {
      return SQLite::Database(immutable ? "file:" + from.string() + "?immutable=1" : from.string(),
                              SQLite::OPEN_READONLY | (immutable ? SQLite::OPEN_URI : 0), 5000);
    };
    const auto copy = [&](SQLite::Database source) {
      SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      SQLite::Backup pages(target, source);
      pages.executeStep(-1);
    };
    try {
      copy(look(false));
    } catch (const SQLite::Exception& e) {
      if (e.getErrorCode() != SQLITE_CANTOPEN && e.getErrorCode() != SQLITE_READONLY) throw;
      copy(look(true));
    }
  });
}

// What belongs to a run, as SELECTs for INSERT: ?1 is the run here, ?2 there.
struct Part {
  const char* name;
  const char* clear;
  const char* fill;
};
constexpr Part kParts[] = {
    {"parameters", "DELETE FROM param WHERE run = ?1",
     "INSERT INTO param (run, key, value, source) SELECT ?1, key, value, source FROM other.param WHERE run = "
     "?2"},
    {"last values", "DELETE FROM metric_last WHERE run = ?1",
     "INSERT INTO metric_last (run, key, step, last, min, max, n, nonfinite) SELECT ?1, ours, step, last, "
     "min, max, "
     "n, nonfinite FROM other.metric_last JOIN temp.key_map ON theirs = key WHERE run = ?2"},
    {"curves", "DELETE FROM metric_chunk WHERE run = ?1",
     "INSERT INTO metric_chunk (run, key, chunk, n, step0, stride, steps, seconds, vals, crc) SELECT ?1, "
     "ours, chunk, "
     "n, step0, stride, steps, seconds, vals, crc FROM other.metric_chunk JOIN temp.key_map ON theirs = key "
     "WHERE run = ?2"},
    {"outlines of curves", "DELETE FROM metric_outline WHERE run = ?1",
     "INSERT INTO metric_outline (run, key, level, place, buckets) SELECT ?1, ours, level, place, buckets "
     "FROM "
     "other.metric_outline JOIN temp.key_map ON theirs = key WHERE run = ?2"},
    {"routing", "DELETE FROM routing_chunk WHERE run = ?1",
     "INSERT INTO routing_chunk (run, split, step, site, modality, tokens, counts, prob_sums, dropped) "
     "SELECT ?1, "
     "split, step, site, modality, tokens, counts, prob_sums, dropped FROM other.routing_chunk WHERE run = "
     "?2"},
    {"artifacts", "DELETE FROM run_artifact WHERE run = ?1",
     "INSERT INTO run_artifact (run, artifact, direction, path, time_ms) SELECT ?1, here.id, direction, "
     "path, time_ms "
     "FROM other.run_artifact AS link JOIN other.artifact AS there ON there.id = link.artifact JOIN "
     "main.artifact AS "
     "here ON here.sha256 = there.sha256 WHERE run = ?2"},
    {"events", "DELETE FROM event WHERE run = ?1",
     "INSERT INTO event (run, time_ms, step, level, text) SELECT ?1, time_ms, step, level, text FROM "
     "other.event "
     "WHERE run = ?2 ORDER BY id"},
    // These two are never taken away.
    {"tags", nullptr, "INSERT OR IGNORE INTO tag (run, name) SELECT ?1, name FROM other.tag WHERE run = ?2"},
    {"note", nullptr,
     "INSERT INTO note (run, text, changed_ms) SELECT ?1, text, changed_ms FROM other.note WHERE run = ?2 "
     "ON CONFLICT (run) DO UPDATE SET text = excluded.text, changed_ms = excluded.changed_ms "
     "WHERE excluded.changed_ms > note.changed_ms"},
};
constexpr const char* kRunColumns =
    "name, app, verb, status, started_ms, finished_ms, heartbeat_ms, exit_code, message, argv, folder, "
    "version, "
    "git_sha, seed, machine, host, boot_id, pid_space, pid, pid_start, parent_run, routing_bytes";

// The whole copy, run by run.
class Merge {
 public:
  explicit Merge(SQLite::Database& db) : db_(db) {}

  MergeResult run() {
    db_.exec(R"sql(
      CREATE TEMP TABLE IF NOT EXISTS key_map (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
      DELETE FROM temp.key_map;
      INSERT OR IGNORE INTO main.experiment (name, created_ms) SELECT name, created_ms FROM other.experiment;
      INSERT OR IGNORE INTO main.metric_key (name, unit, goal) SELECT name, unit, goal FROM other.metric_key;
      INSERT INTO temp.key_map SELECT there.id, here.id FROM other.metric_key AS there
        JOIN main.metric_key AS here ON here.name = there.name;
      INSERT OR IGNORE INTO main.artifact (sha256, size, kind) SELECT sha256, size, kind FROM other.artifact)sql");
    for (const auto& [id, uuid] : runs()) one(id, uuid);
    return result_;
  }

 private:
  std::map<int64_t, std::string> runs() {
    std::map<int64_t, std::string> found;
    Statement rows(db_, "SELECT id, uuid FROM other.run");
    while (rows.executeStep()) found[rows.getColumn(0).getInt64()] = rows.getColumn(1).getString();
    return found;
  }

  int execute(const std::string& sql, int64_t ours, int64_t theirs) {
    Statement statement(db_, sql);
    statement.bind(1, ours);
    if (statement.getBindParameterCount() > 1) statement.bind(2, theirs);
    return statement.exec();
  }

  int64_t id_of(const std::string& uuid) {
    Statement row(db_, "SELECT id FROM main.run WHERE uuid = ?");
    row.bind(1, uuid);
    return row.executeStep() ? row.getColumn(0).getInt64() : 0;
  }

  void one(int64_t theirs, const std::string& uuid) {
    int64_t ours = id_of(uuid);
    const bool fresh = ours == 0;
    bool newer = fresh;
    if (fresh) {
      execute(
          fmt::format("INSERT INTO main.run (uuid, experiment, deleted_ms, {0}) SELECT uuid, (SELECT here.id "
                      "FROM main.experiment AS here JOIN other.experiment AS there ON there.name = here.name "
                      "WHERE there.id = run.experiment), deleted_ms, {0} FROM other.run WHERE id = ?1",
                      kRunColumns),
          theirs, 0);
      ours = id_of(uuid);
    } else {
      constexpr const char* kMoment = "coalesce(finished_ms, heartbeat_ms, started_ms)";
      newer = execute(fmt::format(
                          "UPDATE main.run SET ({0}) = (SELECT {0} FROM other.run WHERE id = ?2) WHERE id = "
                          "?1 AND (SELECT {1} FROM other.run WHERE id = ?2) > {1}",
                          std::string(kRunColumns).substr(6), kMoment),  // but for the name
                      ours, theirs) > 0;
    }
    ++(fresh ? result_.added : newer ? result_.updated : result_.same);
    for (const Part& part : kParts) {
      if (!newer && part.clear) continue;  // tags and notes are always looked at
      if (!fresh && part.clear) execute(part.clear, ours, 0);
      execute(part.fill, ours, theirs);
    }
    refresh_search(db_, ours);
  }

  SQLite::Database& db_;
  MergeResult result_;
};

// Row by row, from both ends of each table, so that a damaged page hides only what lies on it.
class Salvage {
 public:
  Salvage(SQLite::Database& from, SQLite::Database& to) : from_(from), to_(to) {}

  std::vector<std::string> run() {
    constexpr std::pair<const char*, const char*> kTables[] = {
        {"experiment", "id"},
        {"run", "id"},
        {"param", "run, key"},
        {"metric_key", "id"},
        {"metric_chunk", "rowid"},
        {"metric_last", "key, run"},
        {"metric_outline", "run, key, level, place"},
        {"routing_chunk", "rowid"},
        {"artifact", "id"},
        {"run_artifact", "run, direction, path, artifact"},
        {"tag", "run, name"},
        {"note", "run"},
        {"event", "id"}};
    to_.exec("PRAGMA foreign_keys = OFF; BEGIN");
    for (const auto& [table, key] : kTables)
      if (to_.tableExists(table)) take(table, key);
    to_.exec("COMMIT");
    return faults_;
  }

 private:
  void take(const std::string& table, std::string key) {
    if (rows(table, key)) return;
    for (size_t at = 0; (at = key.find(", ", at)) != std::string::npos; at += 7) key.insert(at, " DESC");
    rows(table, key + " DESC");
    faults_.push_back(fmt::format("part of the table {} cannot be read and is left out", table));
  }

  // False when a row could not be read.
  bool rows(const std::string& table, const std::string& order) {
    using Raw = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;
    const auto prepare = [](SQLite::Database& db, const std::string& sql) {
      sqlite3_stmt* raw = nullptr;
      sqlite3_prepare_v2(db.getHandle(), sql.c_str(), -1, &raw, nullptr);
      return Raw(raw, sqlite3_finalize);
    };
    const Raw from = prepare(from_, fmt::format("SELECT * FROM {} ORDER BY {}", table, order));
    if (!from) return false;
    const int columns = sqlite3_column_count(from.get());
    std::string marks = "?";
    for (int i = 1; i < columns; ++i) marks += ", ?";
    const Raw into = prepare(to_, fmt::format("INSERT OR IGNORE INTO {} VALUES ({})", table, marks));
    if (!into) return false;
    for (;;) {
      const int code = sqlite3_step(from.get());
      if (code != SQLITE_ROW) return code == SQLITE_DONE;
      for (int i = 0; i < columns; ++i)
        sqlite3_bind_value(into.get(), i + 1, sqlite3_column_value(from.get(), i));
      sqlite3_step(into.get());  // what breaks a rule of the table is left out
      sqlite3_reset(into.get());
    }
  }

  SQLite::Database &from_, &to_;
  std::vector<std::string> faults_;
};

// What can be read of `damaged`, as a new history in `saved`.
std::vector<std::string> salvage(const fs::path& damaged, const fs::path& saved) {
  return guarded(damaged, [&] {
    SQLite::Database from(damaged.string(), SQLite::OPEN_READWRITE);
    const int version = from.execAndGet("PRAGMA user_version").getInt();
    require(version >= 1 && version <= kSchemaVersion, "{}: no schema that is known (version {})",
            damaged.string(), version);
    SQLite::Database to(saved.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(to, version);
    return Salvage(from, to).run();
  });
}

}  // namespace

void backup(const Store& store, const fs::path& target) {
  require<UsageError>(!fs::exists(target), "{}: is there already", target.string());
  if (target.has_parent_path()) fs::create_directories(target.parent_path());
  const Scratch scratch(target);
  guarded(store.path(), [&] {
    Statement copy(store.database(), "VACUUM INTO ?");
    copy.bind(1, scratch.path().string());
    copy.exec();
  });
  // A link, not a rename: it refuses to replace what came there meanwhile.
  std::error_code failure;
  fs::create_hard_link(scratch.path(), target, failure);
  if (failure) fs::rename(scratch.path(), target);
  sync_folder(target.has_parent_path() ? target.parent_path() : ".");
}

MergeResult merge(Store& store, const fs::path& other, Damage damage) {
  require(fs::exists(other), "{}: is not there", other.string());
  std::error_code ignored;
  require<UsageError>(!fs::equivalent(other, store.path(), ignored), "{}: is this history itself",
                      other.string());
  const Scratch copy(store.path()), saved(store.path());
  copy_pages(other, copy.path());
  std::vector<std::string> faults;
  const fs::path& source = damage == Damage::leave_out ? saved.path() : copy.path();
  try {
    if (damage == Damage::leave_out) faults = salvage(copy.path(), saved.path());
    guarded(source, [&] {
      SQLite::Database db(source.string(), SQLite::OPEN_READWRITE);
      migrate(db);
    });
  } catch (const Error& e) {  // names the copy
    std::string text = e.what();
    for (const Scratch* scratch : {&copy, &saved})
      if (const size_t at = text.find(scratch->path().string()); at != std::string::npos)
        text.replace(at, scratch->path().string().size(), other.string());
    throw DataError(other.string(), "", text.substr(text.find(": ") + 2));
  }
  return guarded(store.path(), [&] {
    SQLite::Database& db = store.database();
    Statement attach(db, "ATTACH ? AS other");
    attach.bind(1, source.string());
    attach.exec();
    const std::shared_ptr<void> detach(nullptr, [&](void*) { db.tryExec("DETACH other"); });
    SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
    MergeResult result = Merge(db).run();
    result.faults = std::move(faults);
    transaction.commit();
    return result;
  });
}

}  // namespace conclave
