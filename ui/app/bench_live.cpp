#include "ui/app/bench_live.h"

#include <sys/resource.h>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QProcess>
#include <QTemporaryDir>
#include <QTimer>
#include <chrono>
#include <cmath>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/process_memory.h"
#include "framework/history/conclave_history.h"
#include "ui/app/main_window.h"

namespace conclave::ui {
namespace {

constexpr int kCurves = 10, kStepsPerSecond = 100, kMinute = 60, kPatience = 30;

double used_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void go_on_for(int seconds) {
  QEventLoop loop;
  QTimer::singleShot(seconds * 1000, &loop, &QEventLoop::quit);
  loop.exec();
}

int64_t points_in(const std::filesystem::path& history) {
  const Store store = Store::open(history);
  int64_t points = 0;
  for (const auto& run : store.list())
    for (const auto& metric : run.metrics) points += metric.n;
  return points;
}

}  // namespace

void write_live_run(const std::filesystem::path& history) {
  LoggedRun run("bench", "live", "live", history.c_str());
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t step = 0;; ++step) {
    const auto t = static_cast<double>(step);
    for (int m = 0; m < kCurves; ++m)
      run.metric(("loss/" + std::to_string(m)).c_str(), step,
                 1 / (1 + 1e-4 * t) + 0.1 * m + 0.02 * std::sin(t * (m + 3)));
    std::this_thread::sleep_until(begin +
                                  std::chrono::microseconds(1'000'000 / kStepsPerSecond * (step + 1)));
  }
}

void bench_live(int seconds, const std::function<void(const Json&)>& say) {
  const QTemporaryDir folder;
  const QString history = folder.filePath("history.db");
  QProcess writer;
  writer.start(QCoreApplication::applicationFilePath(), {"--bench", kBenchWrite, "--history", history});
  require(writer.waitForStarted(kPatience * 1000), "the writer did not start");
  MainWindow window(history.toStdString(), "runs");
  window.show();
  go_on_for(5);  // the run is in the history by now
  window.open_named_run("last");
  go_on_for(1);

  const double begin = used_seconds();
  const int64_t points = points_in(history.toStdString());
  QElapsedTimer watch;
  watch.start();
  const auto figures = [&] {
    const double passed = static_cast<double>(watch.elapsed()) / 1000;
    return Json{
        {"what", "live run"},
        {"seconds", std::round(passed)},
        {"points_per_s", std::round(static_cast<double>(points_in(history.toStdString()) - points) / passed)},
        {"cpu_percent", 100 * (used_seconds() - begin) / passed},
        {"memory_mb", static_cast<double>(resident_memory()) / 1e6}};
  };
  for (int left = seconds; left > 0; left -= kMinute) {
    go_on_for(std::min(left, kMinute));
    require(writer.state() == QProcess::Running, "the writer ended: {}",
            writer.readAllStandardError().toStdString());
    say(figures());
  }
  writer.kill();
  writer.waitForFinished();
}

}  // namespace conclave::ui
