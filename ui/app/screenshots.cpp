#include "ui/app/screenshots.h"

#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>

#include "framework/base/error.h"
#include "ui/app/main_window.h"
#include "ui/theme/theme.h"

namespace conclave::ui {

namespace {
constexpr int kSampleMs = 60000;
}

void settle(MainWindow& window, int most_ms) {
  QElapsedTimer watch;
  watch.start();
  for (int calm = 0; calm < 5 && watch.elapsed() < most_ms;) {
    QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    QThread::msleep(10);
    calm = window.current_page()->settled() ? calm + 1 : 0;
  }
}

QStringList take_screenshots(MainWindow& window, const QString& folder, const QStringList& pages,
                             bool samples) {
  const QDir dir(folder);
  require(dir.mkpath("."), "{}: cannot be made", folder.toStdString());
  auto& app = *qobject_cast<QApplication*>(QCoreApplication::instance());
  settle(window);  // a run that was asked for is opened first
  QStringList made;
  for (const Theme theme : {Theme::light, Theme::dark}) {
    apply_theme(app, theme);
    for (const QString& page : pages) {
      window.open_page(page);
      if (samples && theme == Theme::light) {
        window.current_page()->try_sample();
        settle(window, kSampleMs);
      }
      settle(window);
      const QString file = dir.filePath(page + (theme == Theme::light ? "-light.png" : "-dark.png"));
      require(window.grab().save(file), "{}: cannot be written", file.toStdString());
      made << file;
    }
  }
  return made;
}

}  // namespace conclave::ui
