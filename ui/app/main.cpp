// conclave-workbench: one window for all applications.
#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <cstdio>

#include "framework/base/error.h"
#include "framework/history/store.h"
#include "ui/app/bench.h"
#include "ui/app/bench_live.h"
#include "ui/app/language.h"
#include "ui/app/main_window.h"
#include "ui/app/screenshots.h"
#include "ui/app/session_log.h"
#include "ui/theme/theme.h"

namespace {

constexpr int kExitFailed = 1, kExitUsage = 2;
constexpr int64_t kBenchMetrics = 20;

bool has_word(int argc, char** argv, std::initializer_list<const char*> words) {
  for (int i = 1; i < argc; ++i)
    for (const char* word : words)
      if (QByteArray(argv[i]).startsWith(word)) return true;
  return false;
}

// Pictures, --help and --version need no display.
bool choose_platform(int argc, char** argv) {
  if (!qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY") ||
      !qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
    return true;
  if (!has_word(argc, argv, {"--screenshots", "--bench", "--help", "-h", "--version", "-v"})) return false;
  qputenv("QT_QPA_PLATFORM", "offscreen");
  return true;
}

conclave::ui::Theme theme_of(const QString& name) {
  using conclave::ui::Theme;
  return name == "light" ? Theme::light : name == "dark" ? Theme::dark : Theme::system;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace conclave;
  if (!choose_platform(argc, argv)) {
    std::fprintf(stderr, "conclave-workbench: there is no display; --screenshots DIR works without one\n");
    return kExitFailed;
  }
  ui::begin_session_log();  // before Qt has anything to say
  QElapsedTimer since_start;
  since_start.start();
  QApplication app(argc, argv);
  QApplication::setApplicationName("conclave-workbench");
  QApplication::setApplicationDisplayName("Conclave");
  QApplication::setApplicationVersion(CONCLAVE_VERSION);
  QApplication::setDesktopFileName("conclave-workbench");

  QCommandLineParser parser;
  parser.setApplicationDescription("One window from which the applications are run, watched and compared.");
  parser.addHelpOption();
  parser.addVersionOption();
  const QCommandLineOption history("history", "The history database (docs/history.md).", "FILE");
  const QCommandLineOption page(
      "page",
      "The page to open: home, vqa, audio, ultrasound, stream, runs, compare, routing, queue, settings.",
      "PAGE");
  const QCommandLineOption run("run", "The run to open: its number, name, the beginning of its id, or last.",
                               "RUN");
  const QCommandLineOption screenshots(
      "screenshots", "Write a picture of every page, or of --page alone, light and dark, and end.", "DIR");
  const QCommandLineOption samples("samples", "With --screenshots: let each page try its sample first.");
  const QCommandLineOption pin("pin", "A run to compare; may be repeated.", "RUN");
  const QCommandLineOption language("language", "The window's language instead of the system's: en, zh_CN.",
                                    "LANGUAGE");
  const QCommandLineOption bench(
      "bench",
      "Measure the window on a history of RUNS runs with 20 metrics each, as JSON lines, and end; "
      "'live:SECONDS': the cost of showing a run of 1,000 points a second, a line each minute; 'shown': say "
      "when "
      "this window over this history is on the screen, and end.",
      "RUNS");
  parser.addOptions({history, page, run, pin, screenshots, samples, language, bench});
  if (!parser.parse(QApplication::arguments())) {
    std::fprintf(stderr, "conclave-workbench: %s\n", qPrintable(parser.errorText()));
    return kExitUsage;
  }
  parser.process(app);
  if (!parser.positionalArguments().isEmpty()) {
    std::fprintf(stderr, "conclave-workbench: '%s' is not understood\n",
                 qPrintable(parser.positionalArguments()[0]));
    return kExitUsage;
  }

  ui::speak_language(app, parser.value(language));
  ui::apply_theme(app, theme_of(ui::Preferences().value("window/theme").toString()));
  try {
    if (parser.value(bench) == ui::kBenchShown) {
      ui::MainWindow window(parser.value(history).toStdString(), parser.value(page));
      std::printf("%s\n", ui::wait_until_shown(window).dump().c_str());
      return 0;
    }
    if (parser.value(bench) == ui::kBenchWrite) ui::write_live_run(parser.value(history).toStdString());
    if (parser.value(bench).startsWith("live:")) {
      bool number = false;
      const int seconds = parser.value(bench).mid(5).toInt(&number);
      require<UsageError>(number && seconds > 0, "--bench: '{}' is no number of seconds",
                          parser.value(bench).mid(5).toStdString());
      ui::bench_live(seconds, [](const Json& line) {
        std::printf("%s\n", line.dump().c_str());
        std::fflush(stdout);
      });
      return 0;
    }
    if (parser.isSet(bench)) {
      bool number = false;
      const int runs = parser.value(bench).toInt(&number);
      require<UsageError>(number && runs > 0, "--bench: '{}' is no number of runs",
                          parser.value(bench).toStdString());
      for (const Json& line : ui::bench_window(runs, kBenchMetrics)) std::printf("%s\n", line.dump().c_str());
      return 0;
    }
    ui::MainWindow window(parser.isSet(history) ? std::filesystem::path(parser.value(history).toStdString())
                                                : Store::default_path(),
                          parser.value(page));
    if (parser.isSet(page) && !window.page_ids().contains(parser.value(page))) {
      std::fprintf(stderr, "conclave-workbench: --page: there is no page '%s'\n",
                   qPrintable(parser.value(page)));
      return kExitUsage;
    }
    if (parser.isSet(pin)) window.pin_named_runs(parser.values(pin));
    if (parser.isSet(run)) window.open_named_run(parser.value(run));
    window.show();
    if (parser.isSet(screenshots)) {
      const QStringList pages = parser.isSet(page) ? parser.values(page) : window.page_ids();
      for (const QString& file :
           ui::take_screenshots(window, parser.value(screenshots), pages, parser.isSet(samples)))
        std::printf("%s\n", qPrintable(file));
      return 0;
    }
    QMetaObject::invokeMethod(
        &app, [&] { ui::note(QString("window shown %1 ms after start").arg(since_start.elapsed())); },
        Qt::QueuedConnection);
    return QApplication::exec();
  } catch (const std::exception& e) {
    ui::note(QString("ended by: ") + e.what());
    std::fprintf(stderr, "conclave-workbench: %s\n", e.what());
    return kExitFailed;
  }
}
