#include "framework/history/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "framework/base/error.h"
#include "framework/history/curves.h"

namespace conclave {
namespace {

// docs/history.md explains the columns. Times are milliseconds since 1970 (UTC).
constexpr const char* kVersion1 = R"sql(
CREATE TABLE experiment (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL);

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  experiment INTEGER REFERENCES experiment(id),
  name TEXT NOT NULL DEFAULT '',
  app TEXT NOT NULL,
  verb TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'finished', 'failed', 'cancelled', 'lost')),
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  heartbeat_ms INTEGER,
  exit_code INTEGER,
  message TEXT NOT NULL DEFAULT '',
  argv TEXT NOT NULL,
  folder TEXT NOT NULL,
  version TEXT NOT NULL,
  git_sha TEXT NOT NULL,
  seed TEXT NOT NULL,
  machine TEXT NOT NULL,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid_space TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_start INTEGER NOT NULL,
  parent_run TEXT NOT NULL DEFAULT '',
  routing_bytes INTEGER NOT NULL DEFAULT 0,
  deleted_ms INTEGER
);
CREATE INDEX run_started ON run (started_ms);
CREATE INDEX run_running ON run (status) WHERE status = 'running';

CREATE TABLE param (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE metric_key (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  unit TEXT NOT NULL DEFAULT '',
  goal TEXT NOT NULL DEFAULT '' CHECK (goal IN ('', 'min', 'max'))
);
CREATE TABLE metric_chunk (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES metric_key(id),
  chunk INTEGER NOT NULL,
  n INTEGER NOT NULL,
  step0 INTEGER NOT NULL,
  stride INTEGER NOT NULL,
  steps BLOB,
  seconds BLOB NOT NULL,
  vals BLOB NOT NULL,
  PRIMARY KEY (run, key, chunk)
);
CREATE TABLE metric_last (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES metric_key(id),
  step INTEGER NOT NULL,
  last REAL,
  min REAL,
  max REAL,
  n INTEGER NOT NULL,
  nonfinite INTEGER NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE routing_chunk (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  split TEXT NOT NULL,
  step INTEGER NOT NULL,
  site TEXT NOT NULL,
  modality TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  counts BLOB NOT NULL,
  prob_sums BLOB,
  dropped BLOB,
  PRIMARY KEY (run, split, step, site, modality)
);

CREATE TABLE artifact (
  id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, kind TEXT NOT NULL
);
CREATE TABLE run_artifact (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  artifact INTEGER NOT NULL REFERENCES artifact(id),
  direction TEXT NOT NULL CHECK (direction IN ('input', 'output')),
  path TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (run, direction, path, artifact)
) WITHOUT ROWID;
CREATE INDEX run_artifact_back ON run_artifact (artifact);

CREATE TABLE tag (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE, name TEXT NOT NULL, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE TABLE note (
  run INTEGER PRIMARY KEY REFERENCES run(id) ON DELETE CASCADE, text TEXT NOT NULL, changed_ms INTEGER NOT NULL
);
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  time_ms INTEGER NOT NULL,
  step INTEGER,
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  text TEXT NOT NULL
);
CREATE INDEX event_run ON event (run);

CREATE TABLE spool_imported (name TEXT PRIMARY KEY, time_ms INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// The queue, and finding runs by words.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  priority INTEGER NOT NULL DEFAULT 0,
  device TEXT NOT NULL DEFAULT 'cpu' CHECK (device IN ('cpu', 'gpu')),
  argv TEXT NOT NULL,
  folder TEXT NOT NULL,
  run TEXT NOT NULL DEFAULT '',
  log TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL,
  started_ms INTEGER,
  finished_ms INTEGER,
  exit_code INTEGER
);
CREATE INDEX job_state ON job (state, priority);
CREATE VIRTUAL TABLE search USING fts5 (words, tokenize = "unicode61 tokenchars '_-'");
)sql";

// Curves in short for the screen, sums that find flipped bytes, and last values by metric: a list shows few
// metrics of many runs.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE metric_chunk ADD COLUMN crc INTEGER;
CREATE TABLE metric_outline (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES metric_key(id),
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  buckets BLOB NOT NULL,
  PRIMARY KEY (run, key, level, place)
) WITHOUT ROWID;

ALTER TABLE metric_last RENAME TO metric_last_before;
CREATE TABLE metric_last (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES metric_key(id),
  step INTEGER NOT NULL,
  last REAL,
  min REAL,
  max REAL,
  n INTEGER NOT NULL,
  nonfinite INTEGER NOT NULL,
  PRIMARY KEY (key, run)
) WITHOUT ROWID;
INSERT INTO metric_last SELECT * FROM metric_last_before ORDER BY key, run;
DROP TABLE metric_last_before;
CREATE INDEX metric_last_run ON metric_last (run);
)sql";

// Jobs with slots, retries, and the processes that keep and are them.
constexpr const char* kVersion4 = R"sql(
DROP INDEX job_state;
ALTER TABLE job RENAME TO job_before;
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  name TEXT NOT NULL DEFAULT '',
  batch TEXT NOT NULL DEFAULT '',
  device TEXT NOT NULL DEFAULT 'cpu' CHECK (device IN ('cpu', 'gpu')),
  slots INTEGER NOT NULL DEFAULT 1,
  priority INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  argv TEXT NOT NULL,
  retry_argv TEXT NOT NULL DEFAULT '[]',
  folder TEXT NOT NULL,
  run TEXT NOT NULL DEFAULT '',
  log TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL,
  cancel_ms INTEGER,
  started_ms INTEGER,
  heartbeat_ms INTEGER,
  finished_ms INTEGER,
  exit_code INTEGER,
  host TEXT NOT NULL DEFAULT '',
  boot_id TEXT NOT NULL DEFAULT '',
  pid_space TEXT NOT NULL DEFAULT '',
  pid INTEGER NOT NULL DEFAULT 0,
  pid_start INTEGER NOT NULL DEFAULT 0,
  child INTEGER NOT NULL DEFAULT 0,
  child_start INTEGER NOT NULL DEFAULT 0
);
INSERT INTO job (id, uuid, state, priority, device, argv, folder, run, log, created_ms, started_ms, finished_ms, exit_code)
  SELECT id, lower(hex(randomblob(16))), state, priority, device, argv, folder, run, log, created_ms, started_ms,
  finished_ms, exit_code FROM job_before;
DROP TABLE job_before;
CREATE INDEX job_state ON job (state, priority);
)sql";

constexpr const char* kMigrations[] = {kVersion1, kVersion2, kVersion3, kVersion4};
static_assert(std::size(kMigrations) == kSchemaVersion);

int pragma(SQLite::Database& db, const char* name) {
  return db.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

void step_to(SQLite::Database& db, int version) {
  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  if (pragma(db, "user_version") >= version) return;  // another process was quicker
  db.exec(kMigrations[version - 1]);
  if (version == 1) db.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  if (version == 2) {
    SQLite::Statement runs(db, "SELECT id FROM run");
    while (runs.executeStep()) refresh_search(db, runs.getColumn(0).getInt64());
  }
  if (version == 3) outline_full_chunks(db);
  db.exec(fmt::format("PRAGMA user_version = {}", version));
  transaction.commit();
}

}  // namespace

void refuse_newer(SQLite::Database& db) {
  const int version = pragma(db, "user_version");
  if (version > kSchemaVersion)
    throw Error(
        fmt::format("{}: was written by a newer version (schema {}; this one knows {}): use that version, or "
                    "name another file with --history",
                    db.getFilename(), version, kSchemaVersion));
}

void migrate(SQLite::Database& db, int target) {
  const int version = pragma(db, "user_version");
  if (version == 0) {
    const bool empty = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
    // Between the two questions another process may have made the tables.
    if (!empty && pragma(db, "application_id") != kApplicationId)
      throw DataError(db.getFilename(), "", "is an SQLite database, but not a history");
  } else if (pragma(db, "application_id") != kApplicationId) {
    throw DataError(db.getFilename(), "", "is an SQLite database, but not a history");
  }
  refuse_newer(db);
  for (int next = version + 1; next <= target; ++next) step_to(db, next);
}

void refresh_search(SQLite::Database& db, long long run) {
  SQLite::Statement clear(db, "DELETE FROM search WHERE rowid = ?");
  clear.bind(1, static_cast<int64_t>(run));
  clear.exec();
  SQLite::Statement fill(db, R"sql(
    INSERT INTO search (rowid, words)
    SELECT id, name || ' ' || app || ' ' || verb || ' ' ||
      coalesce((SELECT name FROM experiment WHERE experiment.id = run.experiment), '') || ' ' ||
      coalesce((SELECT text FROM note WHERE note.run = run.id), '') || ' ' ||
      coalesce((SELECT group_concat(name, ' ') FROM tag WHERE tag.run = run.id), '') || ' ' ||
      coalesce((SELECT group_concat(key || ' ' || value, ' ') FROM param WHERE param.run = run.id), '')
    FROM run WHERE id = ?)sql");
  fill.bind(1, static_cast<int64_t>(run));
  fill.exec();
}

}  // namespace conclave
