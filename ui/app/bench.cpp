#include "ui/app/bench.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QProcess>
#include <QTableView>
#include <QTemporaryDir>
#include <QWindow>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <random>

#include "framework/base/error.h"
#include "framework/history/machine.h"
#include "ui/app/main_window.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/custom_plot.h"

namespace conclave::ui {
namespace {

constexpr int64_t kCurvePoints = 1000000;
constexpr int kBatch = 100, kPanFrames = 60, kStarts = 5;
constexpr int kPatienceS = 60;

void make_history(const std::filesystem::path& path, int64_t runs, int64_t metrics) {
  Store store = Store::open(path);
  std::vector<Json> records;
  const auto start = [&](const std::string& uuid, const std::string& name) {
    records.push_back({{"op", "start"},
                       {"run", uuid},
                       {"time_ms", now_ms()},
                       {"app", "bench"},
                       {"verb", "train"},
                       {"name", name},
                       {"argv", {"bench"}},
                       {"machine", Json::object()},
                       {"process", {{"host", "bench"}, {"pid", 1}, {"start", 1}}}});
  };
  const auto finish = [&](const std::string& uuid) {
    records.push_back(
        {{"op", "finish"}, {"run", uuid}, {"status", "finished"}, {"exit_code", 0}, {"time_ms", now_ms()}});
  };
  const std::string curve = new_uuid();
  Curves curves;
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.3);  // the band is as wide as a training's
  for (int64_t i = 0; i < kCurvePoints; ++i) {
    curves["loss"].steps.push_back(i);
    curves["loss"].seconds.push_back(static_cast<float>(i) / 100);
    curves["loss"].values.push_back(std::sin(static_cast<double>(i) / 20000) + noise(random));
  }
  start(curve, "curve");
  store.record(records, curve, curves);
  records.clear();
  finish(curve);
  for (int64_t r = 0; r < runs; ++r) {
    const std::string uuid = new_uuid();
    start(uuid, "run-" + std::to_string(r));
    for (int64_t m = 0; m < metrics; ++m)
      records.push_back({{"op", "metric"},
                         {"run", uuid},
                         {"name", "metric-" + std::to_string(m)},
                         {"steps", {1}},
                         {"seconds", {0}},
                         {"values", {static_cast<double>(r * m)}}});
    finish(uuid);
    if (r % kBatch == kBatch - 1 || r + 1 == runs) {
      store.record(records);
      records.clear();
    }
  }
}

double ms(const QElapsedTimer& watch) {
  return static_cast<double>(watch.nsecsElapsed()) / 1e6;
}

void wait_until(const std::function<bool()>& holds) {
  QElapsedTimer watch;
  watch.start();
  while (!holds()) {
    require(watch.elapsed() < kPatienceS * 1000, "the window did not get there within {} s", kPatienceS);
    QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
  }
}

// From the start of the process to the first picture on the screen, loading of libraries included.
std::vector<double> start_times(const std::filesystem::path& history) {
  std::vector<double> times;
  for (int i = 0; i < kStarts; ++i) {
    QProcess program;
    QElapsedTimer watch;
    watch.start();
    program.start(QCoreApplication::applicationFilePath(),
                  {"--bench", kBenchShown, "--page", "runs", "--history", QString::fromStdString(history)});
    require(program.waitForReadyRead(kPatienceS * 1000), "the window did not show itself within {} s",
            kPatienceS);
    times.push_back(ms(watch));
    program.waitForFinished();
  }
  std::sort(times.begin(), times.end());
  return times;
}

double thread_ms() {  // time that this thread had of the processor
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

}  // namespace

Json wait_until_shown(MainWindow& window) {
  window.show();
  wait_until([&] { return window.windowHandle()->isExposed(); });
  window.repaint();
  return {{"what", "painted"}};
}

std::vector<Json> bench_window(int64_t runs, int64_t metrics) {
  const QTemporaryDir folder;
  const std::filesystem::path path = folder.filePath("history.db").toStdString();
  make_history(path, runs, metrics);
  std::vector<Json> lines;
  const std::vector<double> starts = start_times(path);
  lines.push_back({{"what", "window shown"},
                   {"runs", runs},
                   {"metrics", metrics},
                   {"starts", starts.size()},
                   {"ms", starts[starts.size() / 2]},
                   {"ms_least", starts.front()}});
  QElapsedTimer watch;
  watch.start();
  MainWindow window(path, "runs");
  window.resize(1280, 800);
  window.show();
  auto* table = window.findChild<QTableView*>("runs.table");
  wait_until([&] { return table->model()->rowCount() >= 1; });
  lines.push_back({{"what", "first runs listed"}, {"runs", runs}, {"ms", ms(watch)}});
  wait_until([&] { return table->model()->rowCount() >= runs; });
  lines.push_back({{"what", "all runs listed"}, {"runs", runs}, {"ms", ms(watch)}});

  CurvePlot plot(window.history());
  plot.resize(1200, 600);
  plot.show();
  watch.restart();
  plot.show_metric("loss", {{1, "curve", Qt::blue}});
  wait_until([&] { return plot.settled(); });
  lines.push_back({{"what", "curve read and drawn"}, {"points", kCurvePoints}, {"ms", ms(watch)}});
  std::vector<double> frames;
  int drawn = 0;
  QObject::connect(plot.plot(), &QCustomPlot::afterReplot, plot.plot(), [&] { ++drawn; });
  const double used = thread_ms();
  for (int i = 0; i < kPanFrames; ++i) {
    watch.restart();
    const int before = drawn;
    const double from = static_cast<double>(kCurvePoints) / 4 * (1 + static_cast<double>(i) / kPanFrames);
    plot.zoom(from, from + static_cast<double>(kCurvePoints) / 4);
    // What is read meanwhile arrives, too, and what was drawn comes to the screen.
    wait_until([&] { return drawn > before; });
    QCoreApplication::processEvents();
    frames.push_back(ms(watch));
  }
  const double cpu = (thread_ms() - used) / kPanFrames;
  std::sort(frames.begin(), frames.end());
  const double median = frames[frames.size() / 2], slow = frames[frames.size() * 95 / 100];
  lines.push_back({{"what", "curve panned"},
                   {"points", kCurvePoints},
                   {"frames_per_s", 1000 / median},
                   {"ms", median},
                   {"ms_95", slow},
                   {"cpu_ms", cpu}});
  return lines;
}

}  // namespace conclave::ui
