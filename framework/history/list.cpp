#include <SQLiteCpp/SQLiteCpp.h>

#include "framework/base/error.h"
#include "framework/history/guard.h"
#include "framework/history/store.h"
#include "framework/history/summary.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

// For full-text search: words that begin so.
std::string quoted_prefix(const std::string& word) {
  std::string quoted = "\"";
  for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"*";
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
    if (filter.finished_after_ms > 0) add("run.finished_ms >= ?", filter.finished_after_ms);
    if (filter.finished_before_ms > 0) add("run.finished_ms < ?", filter.finished_before_ms);
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
      add("run.id IN (SELECT rowid FROM search WHERE words MATCH ?)", quoted_prefix(word));
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

const RunParam* RunSummary::param(const std::string& key) const {
  for (const auto& param : params)
    if (param.key == key) return &param;
  return nullptr;
}

std::vector<RunSummary> Store::list(const RunFilter& filter,
                                    const std::optional<std::vector<std::string>>& metrics,
                                    const std::vector<std::string>& params) const {
  return guarded(path_, [&] {
    const Where where(filter);
    // One moment for all questions.
    const SQLite::Transaction moment(*db_);
    Statement rows(*db_,
                   fmt::format("SELECT {} FROM run LEFT JOIN experiment ON experiment.id = run.experiment {} "
                               "ORDER BY started_ms DESC, run.id DESC LIMIT {} OFFSET {}",
                               kSummaryColumns, where.sql, filter.limit, filter.offset));
    where.bind(rows);
    std::vector<RunSummary> runs;
    while (rows.executeStep()) runs.push_back(read_summary<RunSummary>(rows));
    std::vector<RunSummary*> pointers;
    for (auto& run : runs) pointers.push_back(&run);
    add_tags_and_metrics(*db_, pointers, metrics);
    add_params(*db_, pointers, params);
    return runs;
  });
}

std::vector<std::string> Store::param_keys(std::span<const int64_t> runs) const {
  return guarded(path_, [&] {
    Statement rows(
        *db_, "SELECT DISTINCT key FROM param WHERE run IN (SELECT value FROM json_each(?)) ORDER BY key");
    rows.bind(1, Json(std::vector<int64_t>(runs.begin(), runs.end())).dump());
    std::vector<std::string> keys;
    while (rows.executeStep()) keys.push_back(rows.getColumn(0).getString());
    return keys;
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

std::optional<int64_t> Store::find_uuid(const std::string& uuid) const {
  return guarded(path_, [&] {
    Statement row(*db_, "SELECT id FROM run WHERE uuid = ?");
    row.bind(1, uuid);
    return row.executeStep() ? std::optional(row.getColumn(0).getInt64()) : std::nullopt;
  });
}

std::optional<std::string> Store::uuid_of(int64_t run) const {
  return guarded(path_, [&] {
    Statement row(*db_, "SELECT uuid FROM run WHERE id = ?");
    row.bind(1, run);
    return row.executeStep() ? std::optional(row.getColumn(0).getString()) : std::nullopt;
  });
}

std::vector<SearchHit> Store::search(const std::string& words, int64_t limit) const {
  return guarded(path_, [&] {
    std::string match;
    for (const auto& word : parse_filter(words).words) match += quoted_prefix(word) + " ";
    require<UsageError>(!match.empty(), "words are wanted");
    Statement rows(*db_,
                   "SELECT search.rowid, snippet(search, 0, '[', ']', '...', 12) FROM search JOIN run ON "
                   "run.id = search.rowid "
                   "WHERE words MATCH ? AND deleted_ms IS NULL ORDER BY rank LIMIT ?");
    rows.bind(1, match);
    rows.bind(2, limit);
    std::vector<SearchHit> hits;
    while (rows.executeStep()) hits.push_back({rows.getColumn(0).getInt64(), rows.getColumn(1).getString()});
    return hits;
  });
}

std::vector<std::pair<std::string, int64_t>> Store::tags() const {
  return guarded(path_, [&] {
    Statement rows(*db_, "SELECT name, count(*) FROM tag GROUP BY name ORDER BY name");
    std::vector<std::pair<std::string, int64_t>> tags;
    while (rows.executeStep()) tags.emplace_back(rows.getColumn(0).getString(), rows.getColumn(1).getInt64());
    return tags;
  });
}

}  // namespace conclave
