#include "framework/history/exchange/foreign_run.h"

#include "framework/base/sha256.h"
#include "framework/history/record.h"

namespace conclave {
namespace {

// The same for the same origin, and no other run's.
std::string uuid_of(const std::string& origin) {
  const std::string hash = sha256(origin);
  return fmt::format("{}-{}-5{}-8{}-{}", hash.substr(0, 8), hash.substr(8, 4), hash.substr(13, 3),
                     hash.substr(17, 3), hash.substr(20, 12));
}

Series behind(const Series& series, size_t n) {
  const auto from = static_cast<std::ptrdiff_t>(std::min(n, series.size()));
  return {{series.steps.begin() + from, series.steps.end()},
          {series.seconds.begin() + from, series.seconds.end()},
          {series.values.begin() + from, series.values.end()}};
}

}  // namespace

void take_in(Store& store, const ForeignRun& run, ImportResult& result) {
  const std::string uuid = uuid_of(run.app + " " + run.origin);
  std::vector<Json> records;
  const auto add = [&](const char* op, Json record) {
    record["op"] = op;
    record["run"] = uuid;
    records.push_back(std::move(record));
  };
  const auto known = store.find_uuid(uuid);
  if (!known) {
    add("start", {{"time_ms", run.started_ms},
                  {"app", run.app},
                  {"verb", "import"},
                  {"name", run.name},
                  {"experiment", run.experiment},
                  {"argv", Json::array()},
                  {"folder", run.source},
                  {"machine", Json::object()},
                  {"process", {{"host", "(" + run.app + ")"}, {"pid", 0}, {"start", 0}}}});
    Json params = Json::array();
    for (const auto& [key, value] : run.params) {
      Json parsed = Json::parse(value, nullptr, false);  // numbers as numbers
      params.push_back({{"key", key},
                        {"value", parsed.is_primitive() && !parsed.is_discarded() ? parsed : Json(value)},
                        {"source", run.app}});
    }
    if (!params.empty()) add("params", {{"params", params}});
    for (const auto& tag : run.tags) add("tag", {{"name", tag}});
    if (!run.note.empty()) add("note", {{"text", run.note}, {"time_ms", run.finished_ms}});
  }
  Curves fresh;
  if (known) {
    const RunDetail before = store.show(*known);
    for (const auto& [name, series] : run.curves) {
      const auto* last = before.metric(name);
      Series more = behind(series, last ? static_cast<size_t>(last->n) : 0);
      if (more.size() > 0) fresh[name] = std::move(more);
    }
  } else {
    for (const auto& [name, series] : run.curves)
      if (series.size() > 0) fresh[name] = series;
  }
  if (!known || !fresh.empty()) {
    const int exit_code = run.status == "finished" ? 0 : 1;
    if (run.status != "running")
      add("finish", {{"status", run.status}, {"exit_code", exit_code}, {"time_ms", run.finished_ms}});
    store.record(records, uuid, fresh);
  }
  ++(!known ? result.added : !fresh.empty() ? result.updated : result.same);
}

}  // namespace conclave
