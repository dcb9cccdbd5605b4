// conclave-history watch: runs as they go, in the terminal.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <thread>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/shell_words.h"
#include "framework/base/signals.h"
#include "framework/history/alert_hook.h"
#include "framework/history/alerts.h"
#include "framework/history/machine.h"

namespace conclave {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr int kCurveColumns = 40;
constexpr size_t kMetricsOfARow = 3;

// The terminal's size; 100 x 30 when there is none.
std::pair<size_t, size_t> terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {100, 30};
  return {size.ws_col, size.ws_row};
}

// A curve in one line: a block as high as the mean of its column.
std::string spark(const std::vector<Bucket>& buckets) {
  constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = INFINITY, high = -INFINITY;
  for (const Bucket& bucket : buckets) {
    low = std::fmin(low, bucket.mean);
    high = std::fmax(high, bucket.mean);
  }
  std::string line;
  for (const Bucket& bucket : buckets) {
    if (std::isnan(bucket.mean)) {
      line += "·";
      continue;
    }
    const double part = high > low ? (bucket.mean - low) / (high - low) : 0.5;
    line += kBlocks[static_cast<size_t>(std::lround(7 * part))];
  }
  return line;
}

// What fits on the screen; longer lines are cut, whole characters at a time.
std::string clip(const std::string& text, size_t columns, size_t rows) {
  std::string screen;
  size_t column = 0, row = 1;
  for (const char c : text) {
    if (c == '\n') {
      if (++row > rows) break;
      column = 0;
      screen += "\x1b[K\n";  // clears what the last picture left
      continue;
    }
    if ((c & 0xc0) != 0x80) ++column;
    if (column <= columns) screen += c;
  }
  return screen + "\x1b[K\x1b[J";
}

// The terminal as it was, whatever happens.
class Screen {
 public:
  Screen() { fmt::print("\x1b[?1049h\x1b[?25l"); }
  ~Screen() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  static void show(const std::string& text) {
    const auto [columns, rows] = terminal_size();
    fmt::print("\x1b[H{}", clip(text, columns, rows));
    std::fflush(stdout);
  }
};

bool goes_on(const RunSummary& run) {
  return run.status == "running" || run.status == "queued";
}

std::string duration(const RunSummary& run) {
  return duration_text(goes_on(run) ? static_cast<double>(now_ms() - run.started_ms) / 1000 : run.seconds());
}

std::string table_of_runs(const Store& store, const RunFilter& filter) {
  auto runs = store.list(filter);
  std::stable_partition(runs.begin(), runs.end(), goes_on);
  Table table({"ID", "STATUS", "APP", "VERB", "NAME", "TIME", "STEP", "METRICS"}, {0, 5, 6});
  int64_t running = 0;
  for (auto& run : runs) {
    running += goes_on(run) ? 1 : 0;
    std::stable_partition(run.metrics.begin(), run.metrics.end(),
                          [](const auto& m) { return !m.goal.empty(); });
    std::string metrics;
    int64_t step = 0;
    for (size_t i = 0; i < run.metrics.size(); ++i) {
      step = std::max(step, run.metrics[i].step);
      if (i < kMetricsOfARow)
        metrics +=
            fmt::format("{}{}={}", i > 0 ? " " : "", run.metrics[i].name, number_text(run.metrics[i].last));
    }
    table.add({std::to_string(run.id), run.status, run.app, run.verb, run.name, duration(run),
               run.metrics.empty() ? "" : std::to_string(step), metrics});
  }
  return fmt::format("{}   {} running, {} shown\n\n{}", time_text(now_ms()), running, runs.size(),
                     table.text());
}

std::string page_of_run(const Store& store, int64_t id) {
  const RunDetail run = store.show(id);
  std::string text = fmt::format("run {}  {} {}  {}   {}   {}\n", id, run.app, run.verb, run.name, run.status,
                                 duration(run));
  if (!run.message.empty()) text += run.message + "\n";
  Table table({"METRIC", "LAST", "MIN", "MAX", "STEP", "CURVE"}, {1, 2, 3, 4});
  for (const auto& metric : run.metrics)
    table.add({metric.name, number_text(metric.last), number_text(metric.low), number_text(metric.high),
               std::to_string(metric.step), spark(store.outline(id, metric.name, kCurveColumns))});
  text += "\n" + table.text();
  const size_t events = std::min<size_t>(run.events.size(), 5);
  for (size_t i = run.events.size() - events; i < run.events.size(); ++i)
    text += fmt::format("{}{}  {}  {}\n", i + events == run.events.size() ? "\n" : "",
                        time_text(run.events[i].time_ms), run.events[i].level, run.events[i].text);
  return text;
}

// What is wrong now, and a command for each thing that is new.
class Alarm {
 public:
  Alarm(const AlertLimits& limits, const std::string& command) : watch_(limits) {
    const auto words = shell_words(command);
    if (!words.empty())
      hook_ = std::make_unique<AlertHook>(words, [](const std::string& problem) {
        if (!problem.empty()) log_warning("--on-alert: {}", problem);
      });
  }
  /// What has been found is told before the watch ends.
  ~Alarm() {
    if (hook_) hook_->finish(interrupted);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Those that were not there before.
  std::vector<Alert> look(const Store& store, const std::vector<RunSummary>& runs) {
    auto fresh = watch_.look(store, runs);
    if (hook_)
      for (const auto& alert : fresh) hook_->call(alert_json(alert, store));
    return fresh;
  }
  std::string text() const {
    std::string all;
    for (const auto& alert : watch_.now())
      all += fmt::format("! {}{}\n", alert.run > 0 ? fmt::format("run {}: ", alert.run) : "", alert.text);
    return all.empty() ? "" : all + "\n";
  }

 private:
  AlertWatch watch_;
  std::unique_ptr<AlertHook> hook_;
};

class WatchVerb : public HistoryVerb {
 public:
  std::string name() const override { return "watch"; }
  std::string summary() const override {
    return "Watch runs as they go, until Ctrl-C; a single run until it ends";
  }
  std::string examples() const override {
    return "  conclave-history watch\n  conclave-history watch app:stream\n  conclave-history watch --run "
           "last\n"
           "  conclave-history watch --json       a line for each run that has changed\n"
           "  conclave-history watch --on-alert 'mail -s \"a run wants attention\" me'";
  }
  void declare(Options& options) override {
    options.positional("filter", filter_, "Which runs, as for list");
    options.add("run", run_, "This run with all its metrics and their curves");
    options.add("interval", interval_, "Seconds between looks").range(0.1, 3600);
    options.add("limit", limit_, "Runs to show").at_least(1);
    options.add(
        "on-alert", on_alert_,
        "Program with arguments, run once for each new alert without a shell; the alert comes as JSON on its "
        "stdin: a loss that is not finite, a dead expert, a layer that drops tokens, a run that is lost, a "
        "full "
        "disk");
    options
        .add("dead-steps", limits_.dead_steps, "Steps without a token after which an expert counts as dead")
        .at_least(1);
    options
        .add("drop-share", limits_.drop_share,
             "Share of a layer's tokens; more that are dropped are told when it lasts")
        .range(0, 1);
    options.add("drop-steps", limits_.drop_steps, "Steps for which so many are dropped until it is told")
        .at_least(1);
    options.add("once", once_, "Show it once and end");
  }
  int run(Invocation& call) override {
    Store store = open_store(call);
    RunFilter filter = parse_filter(fmt::format("{}", fmt::join(filter_, " ")));
    filter.limit = limit_;
    const int64_t one = run_.empty() ? 0 : store.find(run_);  // 0: all
    Alarm alarm(limits_, on_alert_);
    const auto picture = [&] {
      alarm.look(store, one > 0 ? std::vector<RunSummary>{store.show(one)} : store.list(filter));
      return alarm.text() + (one > 0 ? page_of_run(store, one) : table_of_runs(store, filter));
    };
    if (call.json() || !::isatty(STDOUT_FILENO)) {
      if (once_ && !call.json()) {
        fmt::print("{}", picture());
        return 0;
      }
      return tell_changes(call, store, filter, one, alarm);
    }
    if (once_) {
      fmt::print("{}", picture());
      return 0;
    }
    std::string last;
    {
      const Screen screen;
      for (int64_t next = 0; !interrupted();) {
        if (now_ms() >= next) {
          if (!store.read_only()) store.sweep();
          last = picture();
          Screen::show(last);
          next = now_ms() + static_cast<int64_t>(1000 * interval_);
          if (one > 0 && !goes_on(store.show(one))) break;
        }
        std::this_thread::sleep_for(kTick);
      }
    }
    if (one > 0) fmt::print("{}", last);
    return 0;
  }

 private:
  // For pipes: a line for each run that has changed since the last look.
  int tell_changes(Invocation& call, Store& store, const RunFilter& filter, int64_t one, Alarm& alarm) const {
    std::map<int64_t, std::string> told;
    int64_t version = -1;
    while (!interrupted()) {
      if (!store.read_only() && store.sweep() > 0) version = -1;
      if (const int64_t now = store.data_version(); now != version) {
        version = now;
        bool ended = one > 0;
        const auto runs = one > 0 ? std::vector<RunSummary>{store.show(one)} : store.list(filter);
        for (const RunSummary& run : runs) {
          ended = ended && !goes_on(run);
          std::string state = run.status;
          for (const auto& metric : run.metrics) state += fmt::format(" {}", metric.n);
          if (std::exchange(told[run.id], state) == state) continue;
          call.json() ? call.out().write(to_json(run)) : fmt::print("{}", line(run));
        }
        for (const Alert& alert : alarm.look(store, runs))
          call.json() ? call.out().write(alert_json(alert, store))
                      : fmt::print("{}  ALERT  {}{}\n", time_text(now_ms()),
                                   alert.run > 0 ? fmt::format("run {}: ", alert.run) : "", alert.text);
        std::fflush(stdout);
        if (ended) return 0;
      }
      if (once_) return 0;
      for (int64_t left = static_cast<int64_t>(1000 * interval_); left > 0 && !interrupted(); left -= 100)
        std::this_thread::sleep_for(kTick);
    }
    return 0;
  }
  static std::string line(const RunSummary& run) {
    std::string metrics;
    for (size_t i = 0; i < std::min(run.metrics.size(), kMetricsOfARow); ++i)
      metrics += fmt::format("  {}={}", run.metrics[i].name, number_text(run.metrics[i].last));
    return fmt::format("{}  run {}  {} {}  {}  {}{}\n", time_text(now_ms()), run.id, run.app, run.verb,
                       run.name, run.status, metrics);
  }

  std::vector<std::string> filter_;
  std::string run_;
  double interval_ = 1;
  int64_t limit_ = 50;
  bool once_ = false;
  std::string on_alert_;
  AlertLimits limits_;
};

}  // namespace

std::unique_ptr<Verb> make_watch_verb() {
  return std::make_unique<WatchVerb>();
}

}  // namespace conclave
