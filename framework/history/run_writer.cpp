#include "framework/history/run_writer.h"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/sha256.h"
#include "framework/history/machine.h"
#include "framework/history/record.h"
#include "framework/history/spool.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Less than the second that a crash may lose: writing takes its time too.
constexpr auto kTick = std::chrono::milliseconds(750);
constexpr int64_t kHeartbeatMs = 5000;
// At the end of a run nobody should wait long for a database that was out of reach before.
constexpr int kLastTryMs = 200;

}  // namespace

struct RunWriter::State {
  fs::path database;
  std::string uuid;
  int64_t started_ms = now_ms();

  std::mutex lock;  // guards what follows
  std::condition_variable wake;
  std::vector<Json> waiting;
  Curves points;
  bool stop = false, finished = false;

  std::mutex writing;  // guards what follows; taken before `lock`
  std::optional<Store> store;
  std::unique_ptr<Spool> spool;
  bool dropped = false;
  Json start;  // until it is written
  int64_t heartbeat_ms = 0;

  std::thread thread;

  Json record(const char* op) const { return {{"op", op}, {"run", uuid}}; }

  // For the spool: points as records, the end of the run behind them.
  std::vector<Json> with_points(std::vector<Json> records, const Curves& curves) const {
    for (const auto& [name, series] : curves) {
      Json one = record("metric");
      one["name"] = name;
      one["steps"] = series.steps;
      one["seconds"] = series.seconds;
      Json& values = one["values"] = Json::array();
      for (const double v : series.values) values.push_back(number_to_json(v));
      const bool ended = !records.empty() && records.back()["op"] == "finish";
      records.insert(ended ? records.end() - 1 : records.end(), std::move(one));
    }
    return records;
  }

  void write() {
    const std::lock_guard guard(writing);
    std::vector<Json> records;
    Curves curves;
    {
      const std::lock_guard waiting_guard(lock);
      records.swap(waiting);
      curves.swap(points);
    }
    if (!start.is_null()) {
      // Asks another program: not on the run's time.
      if (const std::string commit = git_state(); !commit.empty()) start["machine"]["folder_commit"] = commit;
      records.insert(records.begin(), std::exchange(start, Json()));
    }
    if (const int64_t now = now_ms(); now - heartbeat_ms >= kHeartbeatMs) {
      heartbeat_ms = now;
      Json beat = record("heartbeat");
      beat["time_ms"] = now;
      const bool begins = !records.empty() && records.front()["op"] == "start";
      records.insert(records.begin() + (begins ? 1 : 0), std::move(beat));
    }
    if ((records.empty() && curves.empty()) || dropped) return;
    if (!spool) {
      try {
        if (!store) store.emplace(Store::open(database));
        store->record(records, uuid, curves);
        return;
      } catch (const std::exception& e) {
        start_spool(e.what());
      }
    }
    if (!spool) return;
    try {
      spool->write(with_points(std::move(records), curves));
    } catch (const std::exception& e) {
      drop(e.what());
    }
  }

  // From the first failure on everything goes into the spool, so that the order stays.
  void start_spool(const std::string& why) {
    store.reset();
    try {
      spool = std::make_unique<Spool>(database, uuid);
      log_warning("history: {}; this run is kept in {} until the history can be written", why,
                  spool->path().string());
    } catch (const std::exception& e) {
      log_warning("history: {}", why);
      drop(e.what());
    }
  }

  void drop(const std::string& why) {
    dropped = true;
    spool.reset();
    log_warning("history: {}; this run is not recorded from here on", why);
  }

  void loop() {
    for (bool last = false; !last;) {
      {
        std::unique_lock guard(lock);
        wake.wait_for(guard, kTick, [this] { return stop; });
        last = stop;
      }
      write();
    }
  }

  void close() {
    const std::lock_guard guard(writing);
    store.reset();
    if (!spool) return;
    const fs::path file = spool->path();
    spool.reset();
    try {
      // Whoever held the database may be gone by now. Opening it takes in what was spooled.
      Store::open(database, kLastTryMs);
    } catch (const std::exception&) {
      // Said before; the next opening takes it in.
    }
  }
};

RunWriter::RunWriter() = default;

RunWriter::RunWriter(const fs::path& database, const RunInfo& info) : state_(std::make_unique<State>()) {
  state_->database = database;
  state_->uuid = new_uuid();
  const ProcessId process = this_process();
  std::error_code ignored;
  Json start = state_->record("start");
  start["time_ms"] = state_->started_ms;
  start["app"] = info.app;
  start["verb"] = info.verb;
  start["name"] = info.name;
  start["experiment"] = info.experiment;
  start["argv"] = info.argv;
  start["folder"] = fs::current_path(ignored).string();
  start["version"] = info.version;
  start["git_sha"] = info.commit;
  start["seed"] = std::to_string(info.seed);
  start["parent"] = info.parent;
  start["machine"] = describe_machine();
  start["process"] = {{"host", process.host},
                      {"boot_id", process.boot_id},
                      {"pid_space", process.pid_space},
                      {"pid", process.pid},
                      {"start", process.start}};
  state_->start = std::move(start);
  if (const char* job = std::getenv("CONCLAVE_JOB"); job && *job) {  // the queue started this process
    Json record = state_->record("job");
    record["job"] = job;
    state_->waiting.push_back(std::move(record));
  }
  state_->heartbeat_ms = state_->started_ms;
  state_->thread = std::thread([state = state_.get()] {
    state->write();
    state->loop();
  });
}

RunWriter::~RunWriter() {
  if (state_) finish("failed", 1, "ended without a result");
}

const std::string& RunWriter::uuid() const {
  static const std::string none;
  return state_ ? state_->uuid : none;
}

void RunWriter::add(Json record) {
  const std::lock_guard guard(state_->lock);
  if (!state_->finished) state_->waiting.push_back(std::move(record));
}

void RunWriter::params(std::span<const RunParam> params) {
  if (!state_) return;
  Json record = state_->record("params");
  Json& list = record["params"] = Json::array();
  for (const auto& param : params)
    list.push_back({{"key", param.key}, {"value", param.value}, {"source", param.source}});
  add(std::move(record));
}

void RunWriter::param(const std::string& key, const Json& value, const std::string& source) {
  const RunParam one{key, value, source};
  params(std::span(&one, 1));
}

void RunWriter::describe_metric(const std::string& name, const std::string& unit, const std::string& goal) {
  if (!state_) return;
  Json record = state_->record("metric_key");
  record["name"] = name;
  record["unit"] = unit;
  record["goal"] = goal;
  add(std::move(record));
}

void RunWriter::metric(std::string_view name, int64_t step, double value) {
  if (!state_) return;
  const auto seconds = static_cast<float>(static_cast<double>(now_ms() - state_->started_ms) / 1000);
  const std::lock_guard guard(state_->lock);
  if (state_->finished) return;
  auto at = state_->points.find(name);
  if (at == state_->points.end()) at = state_->points.emplace(std::string(name), Series{}).first;
  at->second.steps.push_back(step);
  at->second.seconds.push_back(seconds);
  at->second.values.push_back(value);
}

void RunWriter::routing(const std::string& split, int64_t step, std::span<const RoutingRow> rows) {
  if (!state_ || rows.empty()) return;
  Json record = state_->record("routing");
  record["split"] = split;
  record["step"] = step;
  Json& sites = record["sites"] = Json::array();
  for (const auto& row : rows) {
    Json site{{"site", row.site}, {"modality", row.modality}, {"tokens", row.tokens}, {"counts", row.counts}};
    if (!row.prob_sums.empty()) site["prob_sums"] = row.prob_sums;
    if (!row.dropped.empty()) site["dropped"] = row.dropped;
    sites.push_back(std::move(site));
  }
  add(std::move(record));
}

void RunWriter::input(const fs::path& file, const std::string& kind) {
  artifact(file, kind, "input");
}
void RunWriter::output(const fs::path& file, const std::string& kind) {
  artifact(file, kind, "output");
}

void RunWriter::artifact(const fs::path& file, const std::string& kind, const char* direction) {
  if (!state_) return;
  try {
    Json record = state_->record("artifact");
    record["sha256"] = sha256_file(file);
    record["size"] = static_cast<int64_t>(fs::file_size(file));
    record["kind"] = kind;
    record["direction"] = direction;
    record["path"] = fs::absolute(file).string();
    record["time_ms"] = now_ms();
    add(std::move(record));
  } catch (const std::exception& e) {
    log_warning("history: {}", e.what());
  }
}

void RunWriter::tag(const std::string& name) {
  if (!state_) return;
  Json record = state_->record("tag");
  record["name"] = name;
  add(std::move(record));
}

void RunWriter::note(const std::string& text) {
  if (!state_) return;
  Json record = state_->record("note");
  record["text"] = text;
  record["time_ms"] = now_ms();
  add(std::move(record));
}

void RunWriter::event(const std::string& level, const std::string& text, std::optional<int64_t> step) {
  if (!state_) return;
  Json record = state_->record("event");
  record["level"] = level;
  record["text"] = text;
  record["step"] = step ? Json(*step) : Json();
  record["time_ms"] = now_ms();
  add(std::move(record));
}

void RunWriter::flush() {
  if (state_) state_->write();
}

void RunWriter::finish(const std::string& status, int exit_code, const std::string& message) {
  if (!state_) return;
  Json record = state_->record("finish");
  record["status"] = status;
  record["exit_code"] = exit_code;
  record["message"] = message;
  record["time_ms"] = now_ms();
  {
    const std::lock_guard guard(state_->lock);
    if (state_->finished) return;
    state_->finished = true;
    state_->waiting.push_back(std::move(record));
    state_->stop = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
  state_->close();
}

fs::path RunWriter::spool_path() const {
  if (!state_) return {};
  const std::lock_guard guard(state_->writing);
  return state_->spool ? state_->spool->path() : fs::path();
}

}  // namespace conclave
