// conclave-history bench: points a second, curves and lists, many writers and readers, beside MLflow.
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <ctime>
#include <sstream>
#include <thread>

#include "apps/history/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/history/machine.h"
#include "framework/history/spool.h"
#include "framework/score/median.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int kColumns = 2000;  // of a wide screen
constexpr int kShown = 5;       // metrics that a list shows at once

// A folder that goes away.
class Folder {
 public:
  explicit Folder(const fs::path& parent)
      : path_((parent.empty() ? fs::temp_directory_path() : parent) /
              fmt::format("conclave-bench-{}", new_uuid().substr(0, 8))) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// The median call: by the clock, and of the processor alone, which other programs do not lengthen.
struct Cost {
  double ms = 0, cpu_ms = 0;
};
template <class Body>
Cost median_cost(size_t calls, const Body& body) {
  std::vector<double> wall, cpu;
  for (size_t i = 0; i < calls; ++i) {
    throw_if_interrupted();
    const std::clock_t before = std::clock();
    const Stopwatch watch;
    body();
    wall.push_back(watch.ms());
    cpu.push_back(1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  }
  return {median(wall), median(cpu)};
}

Json start_record(const std::string& uuid, const std::string& name) {
  return {{"op", "start"},
          {"run", uuid},
          {"time_ms", now_ms()},
          {"app", "toy"},
          {"verb", "train"},
          {"name", name},
          {"argv", {"toy"}},
          {"machine", Json::object()},
          {"process", {{"host", "bench"}, {"pid", 1}, {"start", 1}}}};
}
Json finish_record(const std::string& uuid) {
  return {{"op", "finish"}, {"run", uuid}, {"status", "finished"}, {"exit_code", 0}, {"time_ms", now_ms()}};
}

// What writers and readers of a crowd count, seen by all processes.
struct Tally {
  std::atomic<int64_t> points, reads, errors;
  std::atomic<bool> stop;
};

void write_in_crowd(const fs::path& path, int number, Tally& tally) {
  RunWriter run(path, {"toy", "train", fmt::format("writer-{}", number)});
  std::vector<std::string> names;
  for (int m = 0; m < 10; ++m) names.push_back(fmt::format("metric{}", m));
  int64_t step = 0;
  for (; !tally.stop; ++step) {
    for (const auto& name : names) run.metric(name, step, std::sin(static_cast<double>(step) / 100));
    if (step % 10 == 9) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  run.finish("finished", 0);
  tally.points += step * static_cast<int64_t>(names.size());
  if (!run.spool_path().empty()) ++tally.errors;
}

void read_in_crowd(const fs::path& path, Tally& tally) {
  RunFilter newest;
  newest.limit = 20;
  while (!tally.stop) {
    try {
      const Store store = Store::open_read_only(path);
      for (int i = 0; i < 50 && !tally.stop; ++i) {
        for (const auto& run : store.list(newest)) {
          const auto curve = store.outline(run.id, "metric3", kColumns);
          int64_t points = 0;
          for (const auto& bucket : curve) points += bucket.n;
          const auto* last = run.metric("metric3");
          if (last && points < last->n) ++tally.errors;  // a later moment may have more, never less
          ++tally.reads;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    } catch (const std::exception& e) {
      log_warning("reader: {}", e.what());
      ++tally.errors;
    }
  }
}

class BenchVerb : public HistoryVerb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override { return "Measure the history, beside MLflow where it is installed"; }
  std::string examples() const override {
    return "  CONCLAVE_PEERS=venv/bin/python scripts/bench history --json\n"
           "  conclave-history bench --parts crowd --seconds 600";
  }
  void declare(Options& options) override {
    options.add("parts", parts_, "What to measure").choices({"write", "curve", "list", "crowd", "peers"});
    options.add("points", points_, "Points to write, and of the curve to read").at_least(1000);
    options.add("runs", runs_, "Runs in the list").at_least(1);
    options.add("metrics", metrics_, "Metrics of each run in the list").at_least(1);
    options.add("writers", writers_, "Processes that write at once").range(1, 64);
    options.add("readers", readers_, "Processes that read at once").range(0, 64);
    options.add("seconds", seconds_, "How long they do").at_least(0.1);
    options.add("folder", folder_, "Where the files are made and removed; otherwise the temporary folder")
        .existing();
    options.add("peers", peers_, "The program that measures the others (scripts/history-peers)");
    options.add("python", python_, "The Python to run it with");
  }
  int run(Invocation& call) override {
    const Folder folder(folder_);
    int failures = 0;
    for (const auto& part : parts_) {
      throw_if_interrupted();
      if (part == "write") write(call, folder / "write.db");
      if (part == "curve") curve(call, folder / "curve.db");
      if (part == "list") list(call, folder / "list.db");
      if (part == "crowd") failures += crowd(call, folder / "crowd.db");
      if (part == "peers") compare(call, folder / "peers");
    }
    return failures == 0 ? 0 : 1;
  }

 private:
  void write(Invocation& call, const fs::path& path) {
    { Store::open(path); }
    const Stopwatch watch;
    {
      RunWriter run(path, {"toy", "train"});
      const std::string names[] = {"loss", "accuracy", "rate", "norm"};
      for (int64_t i = 0; i < points_; ++i)
        run.metric(names[i % 4], i / 4, std::sin(static_cast<double>(i) / 1000));
      run.finish("finished", 0);
    }
    const double seconds = watch.seconds();
    int64_t kept = 0;
    for (const auto& metric : Store::open(path).list().at(0).metrics) kept += metric.n;
    require(kept == points_, "{} of {} points were kept", kept, points_);
    tell(call,
         {{"what", "write"},
          {"by", "conclave"},
          {"points", points_},
          {"points_per_s", static_cast<double>(points_) / seconds},
          {"bytes_per_point", static_cast<double>(fs::file_size(path)) / static_cast<double>(points_)}});
  }

  void curve(Invocation& call, const fs::path& path) const {
    Store store = Store::open(path);
    const std::string uuid = new_uuid();
    Curves curves;
    for (int64_t i = 0; i < points_; ++i) {
      curves["loss"].steps.push_back(10 * i);
      curves["loss"].seconds.push_back(static_cast<float>(i) / 100);
      curves["loss"].values.push_back(std::sin(static_cast<double>(i) / 1000));
    }
    const Json start = start_record(uuid, "curve");
    store.record(std::span(&start, 1), uuid, curves);
    const Store reader = Store::open_read_only(path);
    const auto line = [&](const char* what, int64_t points, size_t calls, const auto& read) {
      size_t columns = 0;
      const Cost cost = median_cost(calls, [&] { columns = read(); });
      tell(call, {{"what", what},
                  {"by", "conclave"},
                  {"points", points},
                  {"ms", cost.ms},
                  {"cpu_ms", cost.cpu_ms},
                  {"columns", columns}});
    };
    line("curve", points_, 21, [&] { return reader.outline(1, "loss", kColumns).size(); });
    line("curve, a tenth of it", points_ / 10, 21,
         [&] { return reader.outline(1, "loss", kColumns, points_ / 3, points_ / 3 + points_ / 10).size(); });
    line("curve, every point", points_, 5, [&] { return reader.series(1, "loss").size(); });
  }

  void list(Invocation& call, const fs::path& path) {
    Store store = Store::open(path);
    std::vector<Json> records;
    for (int64_t r = 0; r < runs_; ++r) {
      throw_if_interrupted();
      const std::string uuid = new_uuid();
      records.push_back(start_record(uuid, fmt::format("run-{}", r)));
      for (int64_t m = 0; m < metrics_; ++m)
        records.push_back({{"op", "metric"},
                           {"run", uuid},
                           {"name", metric_name(m)},
                           {"steps", {1}},
                           {"seconds", {0}},
                           {"values", {static_cast<double>(r * m)}}});
      records.push_back(finish_record(uuid));
      if (r % 100 == 99 || r + 1 == runs_) {
        store.record(records);
        records.clear();
      }
    }
    const Store reader = Store::open_read_only(path);
    std::vector<std::string> shown;
    for (int64_t m = 0; m < std::min<int64_t>(kShown, metrics_); ++m) shown.push_back(metric_name(m));
    const auto line = [&](const char* what, int64_t metrics, size_t calls, const auto& read) {
      size_t found = 0;
      const Cost cost = median_cost(calls, [&] { found = read(); });
      tell(call, {{"what", what},
                  {"by", "conclave"},
                  {"runs", runs_},
                  {"metrics", metrics_},
                  {"ms", cost.ms},
                  {"cpu_ms", cost.cpu_ms},
                  {"found", found},
                  {"values", static_cast<int64_t>(found) * metrics}});
      return cost.ms;
    };
    const auto some = static_cast<int64_t>(shown.size());
    line("list, metrics shown", some, 7, [&] { return reader.list({}, shown).size(); });
    line("list, filtered", some, 7,
         [&] { return reader.list(parse_filter(metric_name(metrics_ - 1) + "<5000"), shown).size(); });
    list_ms_ = line("list", metrics_, 3, [&] { return reader.list().size(); });
  }

  int crowd(Invocation& call, const fs::path& path) const {
    void* const shared =
        ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(shared != MAP_FAILED, "no shared memory");
    Tally& tally = *new (shared) Tally{};
    { Store::open(path); }
    std::vector<pid_t> children;
    for (int i = 0; i < writers_ + readers_; ++i) {
      const pid_t child = ::fork();
      require(child >= 0, "no process");
      if (child == 0) {
        i < writers_ ? write_in_crowd(path, i, tally) : read_in_crowd(path, tally);
        ::_exit(0);
      }
      children.push_back(child);
    }
    const Stopwatch watch;
    while (watch.seconds() < seconds_ && !interrupted())
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    tally.stop = true;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      if (status != 0) ++tally.errors;
    }
    const Store store = Store::open(path);
    int64_t kept = 0;
    for (const auto& run : store.list())
      for (const auto& metric : run.metrics) kept += metric.n;
    if (kept != tally.points) ++tally.errors;
    const auto faults = store.check();
    const int64_t errors = tally.errors + static_cast<int64_t>(faults.size());
    tell(call, {{"what", "crowd"},
                {"by", "conclave"},
                {"writers", writers_},
                {"readers", readers_},
                {"seconds", watch.seconds()},
                {"points", int64_t{tally.points}},
                {"reads", int64_t{tally.reads}},
                {"errors", errors}});
    ::munmap(shared, sizeof(Tally));
    return errors == 0 ? 0 : 1;
  }

  void compare(Invocation& call, const fs::path& folder) const {
    if (peers_.empty()) return log_warning("no peers measured: --peers names none");
    const auto done = run_child({"/usr/bin/env", python_, peers_.string(), folder.string(),
                                 std::to_string(runs_), std::to_string(metrics_)});
    if (done.code != 0) log_warning("the peers' program ended with code {}", done.code);
    std::istringstream lines(done.out);
    for (std::string text; std::getline(lines, text);) {
      const Json peer = Json::parse(text, nullptr, false);
      if (!peer.is_object() || !peer.contains("peer")) continue;  // the other library's own words
      Json line{{"what", peer.value("what", "")}, {"by", peer["peer"]}};
      line.update(peer);
      line.erase("peer");
      if (peer.contains("missing"))
        log_warning("{} is not installed and was not measured: {}", peer["peer"].get<std::string>(),
                    peer["missing"].get<std::string>());
      else if (line["what"] == "write" && points_per_s_ > 0)
        line["ratio"] = points_per_s_ / peer["points_per_s"].get<double>();
      else if (line["what"] == "list" && list_ms_ > 0)
        line["ratio"] = peer["ms"].get<double>() / list_ms_;
      tell(call, line);
    }
  }

  static std::string metric_name(int64_t m) { return fmt::format("metric{:03}", m); }

  void tell(Invocation& call, const Json& line) const {
    if (line["by"] == "conclave" && line["what"] == "write")
      points_per_s_ = line["points_per_s"].get<double>();
    if (call.json()) return call.out().write(line);
    if (line.contains("missing")) return;
    std::string text =
        fmt::format("{:<22} {:<9}", line["what"].get<std::string>(), line["by"].get<std::string>());
    for (const auto& [key, value] : line.items())
      if (key != "what" && key != "by" && key != "ratio")
        text += fmt::format(
            "  {} {}", value.is_number_float() ? fmt::format("{:.4g}", value.get<double>()) : value.dump(),
            key);
    if (line.contains("ratio"))
      text += fmt::format("   conclave is {:.0f} times as fast", line["ratio"].get<double>());
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  std::vector<std::string> parts_ = {"write", "curve", "list", "crowd", "peers"};
  int64_t points_ = 1'000'000, runs_ = 10'000, metrics_ = 200;
  int writers_ = 8, readers_ = 4;
  double seconds_ = 20;
  fs::path folder_, peers_;
  std::string python_ = "python3";
  double list_ms_ = 0;
  mutable double points_per_s_ = 0;
};

}  // namespace

std::unique_ptr<Verb> make_bench_verb() {
  return std::make_unique<BenchVerb>();
}

}  // namespace conclave
