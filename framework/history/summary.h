/// What Store reads of runs for lists and pages.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

inline std::optional<int64_t> maybe(const SQLite::Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getInt64());
}
inline std::string blob(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<size_t>(column.getBytes())};
}

/// For read_summary: FROM run LEFT JOIN experiment ON experiment.id = run.experiment.
constexpr const char* kSummaryColumns =
    "run.id, uuid, run.name, coalesce(experiment.name, ''), app, verb, status, message, started_ms, "
    "finished_ms, heartbeat_ms, exit_code, deleted_ms";
constexpr int kSummaryColumnCount = 13;

template <class Run>
Run read_summary(const SQLite::Statement& row) {
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

/// Puts tags and last metrics into `runs`, by name; only those `metrics` when given.
void add_tags_and_metrics(SQLite::Database& db, std::span<RunSummary* const> runs,
                          const std::optional<std::vector<std::string>>& metrics);
/// The same for parameters: one question, however many runs and keys there are.
void add_params(SQLite::Database& db, std::span<RunSummary* const> runs,
                const std::vector<std::string>& keys);

}  // namespace conclave
