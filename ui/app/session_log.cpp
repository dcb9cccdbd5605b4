#include "ui/app/session_log.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QMutex>

#include "framework/base/paths.h"

namespace conclave::ui {
namespace {

constexpr int kKept = 10;
constexpr qint64 kMostBytes = 8 << 20;

QMutex lock;
QFile file;

void on_message(QtMsgType type, const QMessageLogContext&, const QString& text) {
  static const char* const names[] = {"debug", "warning", "critical", "fatal", "info"};
  note(QString("qt %1: %2").arg(names[type], text));
  if (type == QtCriticalMsg || type == QtFatalMsg) fprintf(stderr, "%s\n", qPrintable(text));
}

}  // namespace

void begin_session_log() {
  const QString folder = QString::fromStdString((state_home() / "workbench").string());
  QDir dir(folder);
  if (!dir.mkpath(".")) return;
  const QStringList old = dir.entryList({"session-*.log"}, QDir::Files, QDir::Name | QDir::Reversed);
  for (qsizetype i = kKept - 1; i < old.size(); ++i) dir.remove(old[i]);
  file.setFileName(
      dir.filePath("session-" + QDateTime::currentDateTime().toString("yyyyMMdd-HHmmss-zzz") + ".log"));
  if (file.open(QIODevice::WriteOnly | QIODevice::Append)) qInstallMessageHandler(on_message);
}

void note(const QString& line) {
  const QMutexLocker locked(&lock);
  if (!file.isOpen() || file.size() > kMostBytes) return;
  file.write((QDateTime::currentDateTime().toString(Qt::ISODateWithMs) + "  " + line + "\n").toUtf8());
  file.flush();
}

QString session_log_path() {
  return file.isOpen() ? file.fileName() : QString();
}

}  // namespace conclave::ui
