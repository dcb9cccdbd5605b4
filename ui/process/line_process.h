/// A child program whose stdout is lines: they are handed on as they come, whatever it does.
#pragma once

#include <QObject>
#include <QProcess>
#include <QTimer>

namespace conclave::ui {

class LineProcess : public QObject {
  Q_OBJECT
 public:
  static constexpr qsizetype kMostLine = 8 << 20;     ///< bytes; a longer line is left out and said
  static constexpr qsizetype kMostErrors = 64 << 10;  ///< of stderr, the last ones

  explicit LineProcess(QObject* parent = nullptr);
  /// Asks a child that still runs to end, and ends it if it does not.
  ~LineProcess() override;

  /// With `listens` the child hears what send() says; otherwise its stdin is empty.
  void start(const QString& program, const QStringList& words, bool listens = false);
  /// One line to its stdin.
  void send(const QByteArray& text);
  bool running() const { return process_.state() != QProcess::NotRunning; }
  /// Asks it to stop (SIGINT), after `patience_ms` tells it (SIGTERM), then ends it (SIGKILL).
  void cancel(int patience_ms = 5000);
  bool cancelling() const { return cancels_ > 0; }
  /// What it wrote to stderr, the last of it.
  QString errors() const { return QString::fromUtf8(errors_).trimmed(); }

 Q_SIGNALS:
  /// A whole line without its end.
  void line(const QByteArray& text);
  /// A line was longer than kMostLine.
  void line_too_long();
  /// It is over; `problem` says in one sentence what went wrong, empty when it ended with 0.
  void ended(int exit_code, const QString& problem);

 private:
  void read_lines();
  void take(const QByteArray& bytes);
  void read_errors();
  void escalate();
  QProcess process_;
  QTimer patience_;
  QString name_;
  QByteArray part_, errors_;
  bool skipping_ = false, over_ = false;
  int cancels_ = 0;
};

}  // namespace conclave::ui
