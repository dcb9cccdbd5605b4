#include "framework/history/summary.h"

#include <sqlite3.h>

#include <algorithm>

namespace conclave {
namespace {

// Up to so many runs are asked for one by one; for more the whole table is read.
constexpr size_t kFewRuns = 500;

struct Key {
  int64_t id = 0;
  MetricSummary summary;  // name, unit and goal
};

std::vector<Key> keys_by_name(SQLite::Database& db, const std::optional<std::vector<std::string>>& wanted) {
  std::vector<Key> keys;
  SQLite::Statement rows(db, "SELECT id, name, unit, goal FROM metric_key ORDER BY name");
  while (rows.executeStep()) {
    Key key{rows.getColumn(0).getInt64(), {}};
    key.summary.name = rows.getColumn(1).getString();
    if (wanted && std::find(wanted->begin(), wanted->end(), key.summary.name) == wanted->end()) continue;
    key.summary.unit = rows.getColumn(2).getString();
    key.summary.goal = rows.getColumn(3).getString();
    keys.push_back(std::move(key));
  }
  return keys;
}

// A run's place in the list by its id.
class Places {
 public:
  explicit Places(std::span<RunSummary* const> runs) : runs_(runs) {
    int64_t last = 0;
    for (const auto* run : runs) last = std::max(last, run->id);
    place_.resize(static_cast<size_t>(last) + 1, -1);
    for (size_t i = 0; i < runs.size(); ++i) place_[static_cast<size_t>(runs[i]->id)] = static_cast<int>(i);
  }
  RunSummary* find(int64_t run) const {
    const auto i = static_cast<size_t>(run);
    return i < place_.size() && place_[i] >= 0 ? runs_[static_cast<size_t>(place_[i])] : nullptr;
  }

 private:
  std::span<RunSummary* const> runs_;
  std::vector<int> place_;
};

// Two million rows pass here: SQLite's own calls, without an object for each value.
class MetricRows {
 public:
  MetricRows(SQLite::Database& db, const char* sql, const std::string& runs) {
    db.check(sqlite3_prepare_v2(db.getHandle(), sql, -1, &row_, nullptr));
    if (const int at = sqlite3_bind_parameter_index(row_, ":runs"); at > 0)
      sqlite3_bind_text(row_, at, runs.c_str(), -1, SQLITE_TRANSIENT);
  }
  ~MetricRows() { sqlite3_finalize(row_); }
  MetricRows(const MetricRows&) = delete;
  MetricRows& operator=(const MetricRows&) = delete;
  void bind_key(int64_t key) {
    sqlite3_reset(row_);
    sqlite3_bind_int64(row_, sqlite3_bind_parameter_index(row_, ":key"), key);
  }
  bool next(SQLite::Database& db) {
    const int code = sqlite3_step(row_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) db.check(code);
    return code == SQLITE_ROW;
  }
  int64_t whole(int i) const { return sqlite3_column_int64(row_, i); }
  // NULL stands for NaN.
  double real(int i) const {
    return sqlite3_column_type(row_, i) == SQLITE_NULL ? std::numeric_limits<double>::quiet_NaN()
                                                       : sqlite3_column_double(row_, i);
  }
  // Columns run, step, last, min, max, n, nonfinite.
  void add_to(RunSummary& run, const MetricSummary& key) const {
    MetricSummary& metric = run.metrics.emplace_back(key);
    metric.step = whole(1);
    metric.last = real(2);
    metric.low = real(3);
    metric.high = real(4);
    metric.n = whole(5);
    metric.nonfinite = whole(6);
  }

 private:
  sqlite3_stmt* row_ = nullptr;
};

}  // namespace

void add_tags_and_metrics(SQLite::Database& db, std::span<RunSummary* const> runs,
                          const std::optional<std::vector<std::string>>& metrics) {
  if (runs.empty()) return;
  const Places places(runs);
  const bool few = runs.size() <= kFewRuns;
  Json ids = Json::array();
  if (few)
    for (const auto* run : runs) ids.push_back(run->id);
  const std::string list = ids.dump();
  constexpr const char* kFew = " WHERE run IN (SELECT value FROM json_each(:runs))";

  SQLite::Statement tags(db, std::string("SELECT run, name FROM tag") + (few ? kFew : "") + " ORDER BY name");
  if (few) tags.bind(":runs", list);
  while (tags.executeStep())
    if (auto* run = places.find(tags.getColumn(0).getInt64()))
      run->tags.push_back(tags.getColumn(1).getString());

  const auto keys = keys_by_name(db, metrics);
  const std::string columns = "SELECT run, step, last, min, max, n, nonfinite, key FROM metric_last";
  if (!few) {  // the table lies in the order of metrics, each with its runs
    MetricRows rows(db, (columns + " WHERE key = :key").c_str(), list);
    for (auto* run : runs) run->metrics.reserve(std::min<size_t>(keys.size(), 256));
    for (const Key& key : keys) {
      rows.bind_key(key.id);
      while (rows.next(db))
        if (auto* run = places.find(rows.whole(0))) rows.add_to(*run, key.summary);
    }
    return;
  }
  std::vector<std::pair<int64_t, size_t>> by_id;
  for (size_t i = 0; i < keys.size(); ++i) by_id.emplace_back(keys[i].id, i);
  std::sort(by_id.begin(), by_id.end());
  MetricRows rows(db, (columns + kFew).c_str(), list);
  while (rows.next(db)) {
    const auto at = std::lower_bound(by_id.begin(), by_id.end(), std::pair(rows.whole(7), size_t{0}));
    if (at == by_id.end() || at->first != rows.whole(7)) continue;
    if (auto* run = places.find(rows.whole(0))) rows.add_to(*run, keys[at->second].summary);
  }
  for (auto* run : runs)
    std::sort(run->metrics.begin(), run->metrics.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
}

void add_params(SQLite::Database& db, std::span<RunSummary* const> runs,
                const std::vector<std::string>& keys) {
  if (runs.empty() || keys.empty()) return;
  const Places places(runs);
  Json ids = Json::array();
  for (const auto* run : runs) ids.push_back(run->id);
  // CROSS: for each run its keys are looked up; the other way about would read the whole table.
  SQLite::Statement rows(
      db,
      "SELECT run, param.key, param.value, source FROM json_each(:runs) AS wanted CROSS JOIN param "
      "ON param.run = wanted.value AND param.key IN (SELECT value FROM json_each(:keys)) ORDER BY run, "
      "param.key");
  rows.bind(":runs", ids.dump());
  rows.bind(":keys", Json(keys).dump());
  while (rows.executeStep())
    if (auto* run = places.find(rows.getColumn(0).getInt64()))
      run->params.push_back({rows.getColumn(1).getString(),
                             Json::parse(rows.getColumn(2).getString(), nullptr, false),
                             rows.getColumn(3).getString()});
}

}  // namespace conclave
