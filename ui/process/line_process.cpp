#include "ui/process/line_process.h"

#include <signal.h>

#include <QFileInfo>

#include "ui/app/session_log.h"
#include "ui/data/format.h"

namespace conclave::ui {
namespace {
constexpr int kLastPatienceMs = 1000;
}

LineProcess::LineProcess(QObject* parent) : QObject(parent), process_(this), patience_(this) {
  patience_.setSingleShot(true);
  connect(&patience_, &QTimer::timeout, this, &LineProcess::escalate);
  connect(&process_, &QProcess::readyReadStandardOutput, this, &LineProcess::read_lines);
  connect(&process_, &QProcess::readyReadStandardError, this, &LineProcess::read_errors);
  connect(&process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error != QProcess::FailedToStart || std::exchange(over_, true)) return;
    Q_EMIT ended(-1, tr("%1 cannot be started: %2").arg(name_, process_.errorString()));
  });
  connect(&process_, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
    read_errors();
    read_lines();
    if (!part_.isEmpty() && !skipping_) Q_EMIT line(part_);
    part_.clear();
    patience_.stop();
    over_ = true;
    QString problem;
    if (cancelling())
      problem = tr("cancelled");
    else if (status == QProcess::CrashExit)
      problem = tr("%1 crashed (signal %2)").arg(name_).arg(code);
    else if (code != 0)
      problem = tr("%1 ended with exit code %2").arg(name_).arg(code);
    Q_EMIT ended(status == QProcess::CrashExit ? 128 + code : code, problem);
  });
}

LineProcess::~LineProcess() {
  disconnect(&process_, nullptr, this, nullptr);
  if (!running()) return;
  ::kill(static_cast<pid_t>(process_.processId()), SIGINT);
  if (process_.waitForFinished(kLastPatienceMs)) return;
  process_.kill();
  process_.waitForFinished(kLastPatienceMs);
}

void LineProcess::start(const QString& program, const QStringList& words, bool listens) {
  name_ = QFileInfo(program).fileName();
  part_.clear();
  errors_.clear();
  skipping_ = over_ = false;
  cancels_ = 0;
  note("start " + shell_text(QStringList(program) + words));
  process_.start(program, words, listens ? QIODevice::ReadWrite : QIODevice::ReadOnly);
}

void LineProcess::cancel(int patience_ms) {
  if (!running()) return;
  patience_.setInterval(patience_ms);
  escalate();
}

void LineProcess::send(const QByteArray& text) {
  if (running() && process_.openMode() & QIODevice::WriteOnly) process_.write(text + '\n');
}

void LineProcess::escalate() {
  if (!running()) return;
  const int signals_in_order[] = {SIGINT, SIGTERM, SIGKILL};
  ::kill(static_cast<pid_t>(process_.processId()), signals_in_order[std::min(cancels_, 2)]);
  ++cancels_;
  patience_.start();
}

void LineProcess::read_lines() {
  take(process_.readAllStandardOutput());
}

void LineProcess::take(const QByteArray& bytes) {
  for (qsizetype at = 0; at < bytes.size();) {
    const qsizetype end = bytes.indexOf('\n', at);
    const qsizetype until = end < 0 ? bytes.size() : end;
    if (!skipping_) part_.append(bytes.constData() + at, until - at);
    if (part_.size() > kMostLine && !std::exchange(skipping_, true)) {
      part_ = QByteArray();
      Q_EMIT line_too_long();
    }
    if (end < 0) return;
    if (!std::exchange(skipping_, false)) Q_EMIT line(part_);
    part_.clear();
    at = end + 1;
  }
}

void LineProcess::read_errors() {
  errors_ += process_.readAllStandardError();
  if (errors_.size() > kMostErrors) errors_ = errors_.right(kMostErrors);
}

}  // namespace conclave::ui
