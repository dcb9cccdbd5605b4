#include "framework/history/record.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/base/error.h"
#include "framework/history/curves.h"
#include "framework/history/schema.h"

namespace conclave {
namespace {

void bind_one(SQLite::Statement& s, int i, const std::string& v) {
  s.bind(i, v);
}
void bind_one(SQLite::Statement& s, int i, int64_t v) {
  s.bind(i, v);
}
// SQLite keeps NaN as NULL anyway; here it is on purpose.
void bind_one(SQLite::Statement& s, int i, double v) {
  std::isnan(v) ? s.bind(i) : s.bind(i, v);
}
void bind_one(SQLite::Statement& s, int i, const Json& v) {
  v.is_null() ? s.bind(i) : v.is_string() ? s.bind(i, v.get<std::string>()) : s.bind(i, v.get<int64_t>());
}
struct Blob {
  const std::string& bytes;
};
void bind_one(SQLite::Statement& s, int i, const Blob& v) {
  s.bind(i, v.bytes.data(), static_cast<int>(v.bytes.size()));
}
struct BlobOrNull {
  const std::string& bytes;
};
void bind_one(SQLite::Statement& s, int i, const BlobOrNull& v) {
  v.bytes.empty() ? s.bind(i) : bind_one(s, i, Blob{v.bytes});
}

std::string text(const Json& record, const char* key) {
  return record.value(key, std::string());
}

std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) values.push_back(number_from_json(value));
  return values;
}

}  // namespace

Json number_to_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double number_from_json(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

Recorder::Recorder(SQLite::Database& db) : db_(db) {}
Recorder::~Recorder() = default;

// Prepared once: a run writes the same statements over and over.
SQLite::Statement& Recorder::statement(const char* sql) {
  auto& known = statements_[sql];
  if (known)
    known->tryReset();
  else
    known = std::make_unique<SQLite::Statement>(db_, sql);
  return *known;
}

template <class... Args>
int Recorder::execute(const char* sql, const Args&... args) {
  SQLite::Statement& ready = statement(sql);
  int i = 0;
  (bind_one(ready, ++i, args), ...);
  return ready.exec();
}

bool Recorder::find(const std::string& uuid) {
  auto known = runs_.find(uuid);
  if (known == runs_.end()) {
    SQLite::Statement& row = statement("SELECT id FROM run WHERE uuid = ?");
    row.bind(1, uuid);
    if (!row.executeStep()) return false;
    known = runs_.emplace(uuid, row.getColumn(0).getInt64()).first;
    row.reset();
  }
  run_ = known->second;
  return true;
}

void Recorder::apply(const Json& record) try {
  const auto op = record.at("op").get<std::string>();
  const auto uuid = record.at("run").get<std::string>();
  if (op == "start") start(record);
  if (!find(uuid)) return;
  if (op == "start") changed_words_.insert(run_);
  if (op == "params") {
    params(record);
  } else if (op == "metric") {
    const Series series{record.at("steps").get<std::vector<int64_t>>(),
                        record.at("seconds").get<std::vector<float>>(), numbers(record.at("values"))};
    require(!series.steps.empty() && series.steps.size() == series.values.size() &&
                series.steps.size() == series.seconds.size(),
            "history: {} steps, {} seconds and {} values of a metric", series.steps.size(),
            series.seconds.size(), series.values.size());
    points(metric_key(record), series);
  } else if (op == "metric_key") {
    metric_key(record);
  } else if (op == "routing") {
    routing(record);
  } else if (op == "artifact") {
    artifact(record);
  } else if (op == "event") {
    execute("INSERT INTO event (run, time_ms, step, level, text) VALUES (?, ?, ?, ?, ?)", run_,
            record.at("time_ms"), record.at("step"), text(record, "level"), text(record, "text"));
  } else if (op == "tag") {
    execute("INSERT OR IGNORE INTO tag (run, name) VALUES (?, ?)", run_, text(record, "name"));
    changed_words_.insert(run_);
  } else if (op == "note") {
    execute("INSERT OR REPLACE INTO note (run, text, changed_ms) VALUES (?, ?, ?)", run_,
            text(record, "text"), record.at("time_ms"));
    changed_words_.insert(run_);
  } else if (op == "job") {
    execute("UPDATE job SET run = ? WHERE uuid = ? AND run = ''", uuid, text(record, "job"));
  } else if (op == "heartbeat") {
    execute("UPDATE run SET heartbeat_ms = ? WHERE id = ?", record.at("time_ms"), run_);
  } else if (op == "finish") {
    execute("UPDATE run SET status = ?, exit_code = ?, message = ?, finished_ms = ? WHERE id = ?",
            text(record, "status"), record.at("exit_code"), text(record, "message"), record.at("time_ms"),
            run_);
  } else if (op != "start") {
    throw Error(fmt::format("history: unknown record '{}'", op));
  }
} catch (const nlohmann::json::exception& e) {
  throw Error(fmt::format("history: not a record ({})", e.what()));
} catch (const SQLite::Exception& e) {
  // The record is at fault, not the database.
  if (e.getErrorCode() == SQLITE_CONSTRAINT) throw Error(fmt::format("history: {}", e.what()));
  throw;
}

void Recorder::finish() {
  for (const int64_t run : changed_words_) refresh_search(db_, run);
}

void Recorder::start(const Json& record) {
  const std::string experiment = text(record, "experiment");
  if (!experiment.empty())
    execute("INSERT OR IGNORE INTO experiment (name, created_ms) VALUES (?, ?)", experiment,
            record.at("time_ms"));
  const Json& process = record.at("process");
  execute(R"sql(
    INSERT INTO run (uuid, experiment, name, app, verb, status, started_ms, heartbeat_ms, argv, folder, version,
                     git_sha, seed, machine, parent_run, host, boot_id, pid_space, pid, pid_start)
    VALUES (?, (SELECT id FROM experiment WHERE name = ?), ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (uuid) DO NOTHING)sql",
          text(record, "run"), experiment, text(record, "name"), text(record, "app"), text(record, "verb"),
          record.at("time_ms"), record.at("time_ms"),
          record.at("argv").dump(-1, ' ', false, Json::error_handler_t::replace), text(record, "folder"),
          text(record, "version"), text(record, "git_sha"), text(record, "seed"), record.at("machine").dump(),
          text(record, "parent"), text(process, "host"), text(process, "boot_id"), text(process, "pid_space"),
          process.at("pid"), process.at("start"));
}

void Recorder::params(const Json& record) {
  for (const Json& param : record.at("params"))
    execute("INSERT OR REPLACE INTO param (run, key, value, source) VALUES (?, ?, ?, ?)", run_,
            text(param, "key"), param.at("value").dump(-1, ' ', false, Json::error_handler_t::replace),
            text(param, "source"));
  changed_words_.insert(run_);
}

int64_t Recorder::metric_key(const Json& record) {
  const std::string name = text(record, "name");
  if (record.contains("goal")) {
    execute(
        "INSERT INTO metric_key (name, unit, goal) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET unit = excluded.unit, goal = excluded.goal",
        name, text(record, "unit"), text(record, "goal"));
  }
  if (const auto known = keys_.find(name); known != keys_.end()) return known->second;
  execute("INSERT OR IGNORE INTO metric_key (name) VALUES (?)", name);
  SQLite::Statement& row = statement("SELECT id FROM metric_key WHERE name = ?");
  row.bind(1, name);
  require(row.executeStep(), "history: metric '{}' was not kept", name);
  const int64_t key = keys_[name] = row.getColumn(0).getInt64();
  row.reset();
  return key;
}

void Recorder::curves(const std::string& run, const Curves& curves) {
  if (curves.empty() || !find(run)) return;
  for (const auto& [name, series] : curves) points(metric_key({{"name", name}}), series);
}

void Recorder::points(int64_t key, const Series& series) {
  // The last chunk is filled up and written again, then come new ones.
  int64_t chunk = 0;
  Series tail;
  {
    SQLite::Statement& last = statement(
        "SELECT chunk, n, step0, stride, steps, seconds, vals FROM metric_chunk "
        "WHERE run = ? AND key = ? ORDER BY chunk DESC LIMIT 1");
    last.bind(1, run_);
    last.bind(2, key);
    if (last.executeStep()) {
      chunk = last.getColumn(0).getInt64();
      if (last.getColumn(1).getInt64() < static_cast<int64_t>(kChunkPoints))
        tail = read_chunk(last, 1);
      else
        ++chunk;
    }
    last.reset();
  }
  for (size_t done = 0; done < series.size();) {
    const size_t take = std::min(series.size() - done, kChunkPoints - tail.size());
    const auto from = static_cast<std::ptrdiff_t>(done), to = static_cast<std::ptrdiff_t>(done + take);
    tail.steps.insert(tail.steps.end(), series.steps.begin() + from, series.steps.begin() + to);
    tail.seconds.insert(tail.seconds.end(), series.seconds.begin() + from, series.seconds.begin() + to);
    tail.values.insert(tail.values.end(), series.values.begin() + from, series.values.begin() + to);
    done += take;
    const Chunk packed = pack_chunk(tail);
    execute(
        "INSERT OR REPLACE INTO metric_chunk (run, key, chunk, n, step0, stride, steps, seconds, vals, crc) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        run_, key, chunk, packed.n, packed.step0, packed.stride, BlobOrNull{packed.steps},
        Blob{packed.seconds}, Blob{packed.vals}, int64_t{packed.crc});
    if (tail.size() == kChunkPoints) {
      outline_chunk(db_, run_, key, chunk, tail);
      tail = {};
      ++chunk;
    }
  }

  const Bucket extent = summarize(series, 0, series.size());
  execute(R"sql(
    INSERT INTO metric_last (run, key, step, last, min, max, n, nonfinite) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key, run) DO UPDATE SET
      step = excluded.step, last = excluded.last, n = n + excluded.n, nonfinite = nonfinite + excluded.nonfinite,
      min = min(coalesce(min, excluded.min), coalesce(excluded.min, min)),
      max = max(coalesce(max, excluded.max), coalesce(excluded.max, max)))sql",
          run_, key, series.steps.back(), series.values.back(), extent.low, extent.high,
          static_cast<int64_t>(series.size()), int64_t{extent.nonfinite});
}

void Recorder::routing(const Json& record) {
  int64_t bytes = 0;
  for (const Json& site : record.at("sites")) {
    const std::string counts = pack<uint32_t>(site.at("counts").get<std::vector<uint32_t>>());
    const std::string sums = pack<float>(site.value("prob_sums", std::vector<float>()));
    const std::string dropped = pack<uint32_t>(site.value("dropped", std::vector<uint32_t>()));
    execute(
        "INSERT OR REPLACE INTO routing_chunk (run, split, step, site, modality, tokens, counts, prob_sums, "
        "dropped) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        run_, text(record, "split"), record.at("step"), text(site, "site"), text(site, "modality"),
        site.at("tokens"), Blob{counts}, BlobOrNull{sums}, BlobOrNull{dropped});
    bytes += static_cast<int64_t>(counts.size() + sums.size() + dropped.size());
  }
  execute("UPDATE run SET routing_bytes = routing_bytes + ? WHERE id = ?", bytes, run_);
  SQLite::Statement total(db_, "SELECT routing_bytes FROM run WHERE id = ?");
  total.bind(1, run_);
  if (total.executeStep() && total.getColumn(0).getInt64() > kRoutingBudget) {
    total.reset();
    thin_routing();
  }
}

void Recorder::thin_routing() {
  execute(R"sql(
    DELETE FROM routing_chunk WHERE run = ?1 AND (split, step) IN (
      SELECT split, step FROM (
        SELECT split, step, row_number() OVER (PARTITION BY split ORDER BY step DESC) AS place
        FROM (SELECT DISTINCT split, step FROM routing_chunk WHERE run = ?1))
      WHERE place % 2 = 0))sql",
          run_);
  execute(R"sql(
    UPDATE run SET routing_bytes = (
      SELECT coalesce(sum(length(counts) + coalesce(length(prob_sums), 0) + coalesce(length(dropped), 0)), 0)
      FROM routing_chunk WHERE run = ?1) WHERE id = ?1)sql",
          run_);
}

void Recorder::artifact(const Json& record) {
  execute("INSERT OR IGNORE INTO artifact (sha256, size, kind) VALUES (?, ?, ?)", text(record, "sha256"),
          record.at("size"), text(record, "kind"));
  execute(
      "INSERT OR REPLACE INTO run_artifact (run, artifact, direction, path, time_ms) "
      "VALUES (?, (SELECT id FROM artifact WHERE sha256 = ?), ?, ?, ?)",
      run_, text(record, "sha256"), text(record, "direction"), text(record, "path"), record.at("time_ms"));
}

}  // namespace conclave
