// MLflow: its file store out and in, its SQLite store in.
#include <SQLiteCpp/SQLiteCpp.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/history/exchange/foreign_run.h"
#include "framework/history/guard.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLargestText = size_t{1} << 30;
constexpr const char* kExperiment = "0";

// MLflow's numbers of run states.
int state_number(const std::string& status) {
  return status == "finished"    ? 3
         : status == "running"   ? 1
         : status == "queued"    ? 2
         : status == "cancelled" ? 5
                                 : 4;
}
std::string status_of(const std::string& state) {
  if (state == "FINISHED" || state == "3") return "finished";
  if (state == "KILLED" || state == "5") return "cancelled";
  if (state == "FAILED" || state == "4") return "failed";
  return "lost";  // running or scheduled there, by a process that nobody here knows
}

// Keys are file names there: letters, digits, _ - . : / and blanks, and no way out of the folder.
std::string file_key(const std::string& name, std::set<std::string>& taken) {
  std::string key, part;
  const auto close = [&] {
    if (part.empty() || part == "." || part == "..") part = "_";
    key += (key.empty() ? "" : "/") + std::exchange(part, {});
  };
  for (const char c : name) {
    if (c == '/')
      close();
    else
      part += std::isalnum(static_cast<unsigned char>(c)) ||
                      std::string_view("_-.: ").find(c) != std::string_view::npos
                  ? c
                  : '_';
  }
  close();
  while (!taken.insert(key).second) key += "_";
  return key;
}

std::string quoted(const std::string& text) {
  std::string quote = "'";
  for (const char c : text) quote += c == '\'' ? std::string("''") : std::string(1, c == '\n' ? ' ' : c);
  return quote + "'";
}

std::string number(double value) {
  if (std::isnan(value)) return "nan";
  return std::isinf(value) ? (value > 0 ? "inf" : "-inf") : fmt::format("{}", value);
}

// "key: value" lines, with quotes or without: all that MLflow writes into meta.yaml.
std::map<std::string, std::string> read_meta(const fs::path& file) {
  std::map<std::string, std::string> meta;
  std::istringstream lines(read_file(file, size_t{1} << 20));
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string value = line.substr(colon + 2);
    if (value.size() >= 2 && (value[0] == '\'' || value[0] == '"') && value.back() == value[0]) {
      std::string inner;
      for (size_t i = 1; i + 1 < value.size(); ++i) {
        inner += value[i];
        if (value[i] == '\'' && value[i + 1] == '\'' && i + 2 < value.size()) ++i;
      }
      value = inner;
    }
    meta[line.substr(0, colon)] = value;
  }
  return meta;
}

int64_t whole(const std::string& text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Files below `folder` with their keys.
std::map<std::string, fs::path> keyed_files(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  std::error_code failure;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failure))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).generic_string()] = entry.path();
  return files;
}

float since(int64_t time_ms, int64_t started_ms) {
  return static_cast<float>(static_cast<double>(time_ms - started_ms) / 1000);
}

// "time value step" a line.
Series read_metric(const fs::path& file, int64_t started_ms) {
  Series series;
  std::istringstream lines(read_file(file, kLargestText));
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string time, value, step = "0";
    words >> time >> value >> step;
    char* end = nullptr;
    const double v = std::strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0')
      throw DataError(file.string(), fmt::format("line {}", number),
                      "'" + line + "' is not time, value and step");
    series.steps.push_back(whole(step));
    series.seconds.push_back(since(whole(time), started_ms));
    series.values.push_back(v);
  }
  return series;
}

void set_tag(ForeignRun& run, const std::string& key, const std::string& value) {
  if (key == "mlflow.note.content")
    run.note = value;
  else if (key == "mlflow.runName" && run.name.empty())
    run.name = value;
  else if (!key.starts_with("mlflow."))
    run.tags.push_back(value.empty() ? key : key + "=" + value);
}

void import_folder_run(Store& store, const fs::path& folder, const std::string& experiment,
                       ImportResult& result) {
  const auto meta = read_meta(folder / "meta.yaml");
  const auto text = [&](const char* key) {
    const auto at = meta.find(key);
    return at == meta.end() || at->second == "null" ? std::string() : at->second;
  };
  ForeignRun run{
      .origin = text("run_id"), .app = "mlflow", .name = text("run_name"), .experiment = experiment};
  if (run.origin.empty() || text("lifecycle_stage") == "deleted") return;
  run.status = status_of(text("status"));
  run.source = folder.string();
  run.started_ms = whole(text("start_time"));
  run.finished_ms = std::max(run.started_ms, whole(text("end_time")));
  for (const auto& [key, file] : keyed_files(folder / "params"))
    run.params[key] = read_file(file, kLargestText);
  for (const auto& [key, file] : keyed_files(folder / "tags"))
    set_tag(run, key, read_file(file, kLargestText));
  for (const auto& [key, file] : keyed_files(folder / "metrics"))
    run.curves[key] = read_metric(file, run.started_ms);
  take_in(store, run, result);
}

// MLflow keeps infinity as the largest number.
double from_sql(const SQLite::Statement& row, int value, int is_nan) {
  if (row.getColumn(is_nan).getInt() != 0) return std::numeric_limits<double>::quiet_NaN();
  const double v = row.getColumn(value).getDouble();
  return std::abs(v) >= std::numeric_limits<double>::max() ? std::copysign(INFINITY, v) : v;
}

ImportResult import_database(Store& store, const fs::path& path) {
  return guarded(path, [&] {
    ImportResult result;
    SQLite::Database db(path.string(), SQLite::OPEN_READONLY, 5000);
    if (!db.tableExists("runs") || !db.tableExists("latest_metrics"))
      throw DataError(path.string(), "", "is an SQLite file, but not MLflow's");
    SQLite::Statement runs(
        db,
        "SELECT run_uuid, runs.name, status, start_time, end_time, experiments.name FROM runs LEFT "
        "JOIN experiments ON experiments.experiment_id = runs.experiment_id "
        "WHERE coalesce(runs.lifecycle_stage, 'active') = 'active' ORDER BY start_time");
    while (runs.executeStep()) {
      ForeignRun run{
          .origin = runs.getColumn(0).getString(), .app = "mlflow", .name = runs.getColumn(1).getString()};
      run.status = status_of(runs.getColumn(2).getString());
      run.started_ms = runs.getColumn(3).getInt64();
      run.finished_ms = std::max(run.started_ms, runs.getColumn(4).getInt64());
      run.experiment = runs.getColumn(5).getString();
      run.source = path.string();
      const auto each = [&](const char* sql, const auto& take) {
        SQLite::Statement rows(db, sql);
        rows.bind(1, run.origin);
        while (rows.executeStep()) take(rows);
      };
      each("SELECT key, value FROM params WHERE run_uuid = ?",
           [&](auto& row) { run.params[row.getColumn(0).getString()] = row.getColumn(1).getString(); });
      each("SELECT key, value FROM tags WHERE run_uuid = ? ORDER BY key",
           [&](auto& row) { set_tag(run, row.getColumn(0).getString(), row.getColumn(1).getString()); });
      each(
          "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY key, "
          "timestamp, step",
          [&](auto& row) {
            Series& series = run.curves[row.getColumn(0).getString()];
            series.steps.push_back(row.getColumn(3).getInt64());
            series.seconds.push_back(since(row.getColumn(2).getInt64(), run.started_ms));
            series.values.push_back(from_sql(row, 1, 4));
          });
      take_in(store, run, result);
    }
    return result;
  });
}

}  // namespace

void export_mlflow(const Store& store, int64_t id, const fs::path& folder) {
  const RunDetail run = store.show(id);
  std::string run_id;
  for (const char c : run.uuid)
    if (c != '-') run_id += c;
  const std::string root = fs::absolute(folder).string();
  const std::string experiment =
      run.experiment.empty() ? kExperiment
                             : fmt::format("{}", 1 + std::hash<std::string>{}(run.experiment) % 999999999999);
  const fs::path home = folder / experiment, place = home / run_id;
  fs::create_directories(home);
  if (!fs::exists(home / "meta.yaml"))
    write_file(home / "meta.yaml",
               fmt::format("artifact_location: {}\nexperiment_id: '{}'\nlifecycle_stage: active\nname: {}\n",
                           quoted("file://" + root + "/" + experiment), experiment,
                           quoted(run.experiment.empty() ? "Default" : run.experiment)));
  fs::remove_all(place);
  for (const char* part : {"metrics", "params", "tags", "artifacts"}) fs::create_directories(place / part);
  std::set<std::string> keys;
  for (const auto& metric : run.metrics) {
    const Series series = store.series(id, metric.name);
    std::string lines;
    for (size_t i = 0; i < series.size(); ++i)
      lines += fmt::format("{} {} {}\n", run.started_ms + static_cast<int64_t>(1000.0 * series.seconds[i]),
                           number(series.values[i]), series.steps[i]);
    write_file(place / "metrics" / file_key(metric.name, keys), lines);
  }
  keys.clear();
  for (const auto& param : run.params)
    write_file(place / "params" / file_key(param.key, keys),
               param.value.is_string() ? param.value.get<std::string>() : param.value.dump());
  keys.clear();
  const auto tag = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) write_file(place / "tags" / file_key(key, keys), value);
  };
  tag("mlflow.runName", run.name.empty() ? run.app + " " + run.verb : run.name);
  tag("mlflow.note.content", run.note);
  tag("mlflow.source.name", fmt::format("conclave-{}", run.app));
  tag("mlflow.source.git.commit", run.git_sha);
  tag("conclave.uuid", run.uuid);
  tag("conclave.command", fmt::format("{}", fmt::join(run.argv, " ")));
  for (const auto& name : run.tags) tag(name, "true");
  for (const auto& artifact : run.artifacts)
    tag("conclave." + artifact.direction + "." + artifact.sha256.substr(0, 12), artifact.path);
  // Last: without it MLflow does not see the run.
  write_file(
      place / "meta.yaml",
      fmt::format("artifact_uri: {}\nend_time: {}\nentry_point_name: ''\nexperiment_id: '{}'\n"
                  "lifecycle_stage: active\nrun_id: {}\nrun_name: {}\nsource_name: ''\nsource_type: 4\n"
                  "source_version: ''\nstart_time: {}\nstatus: {}\ntags: []\nuser_id: ''\n",
                  quoted("file://" + root + "/" + experiment + "/" + run_id + "/artifacts"),
                  run.finished_ms ? std::to_string(*run.finished_ms) : "null", experiment, run_id,
                  quoted(run.name.empty() ? run.app + " " + run.verb : run.name), run.started_ms,
                  state_number(run.status)));
}

ImportResult import_mlflow(Store& store, const fs::path& path) {
  if (fs::is_regular_file(path)) return import_database(store, path);
  ImportResult result;
  bool found = false;
  for (const auto& experiment : fs::directory_iterator(path)) {
    if (!experiment.is_directory() || !fs::exists(experiment.path() / "meta.yaml")) continue;
    found = true;
    const auto meta = read_meta(experiment.path() / "meta.yaml");
    const auto name = meta.find("name");
    for (const auto& run : fs::directory_iterator(experiment.path()))
      if (run.is_directory() && fs::exists(run.path() / "meta.yaml"))
        import_folder_run(store, run.path(), name == meta.end() ? "" : name->second, result);
  }
  if (!found) throw DataError(path.string(), "", "no experiment of an MLflow file store lies here");
  return result;
}

}  // namespace conclave
