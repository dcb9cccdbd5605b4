/// The user's command for alerts, run while the window is open.
#pragma once

#include <QObject>
#include <QTimer>
#include <memory>

#include "framework/history/alert_hook.h"
#include "framework/history/alerts.h"
#include "ui/data/history_thread.h"

namespace conclave::ui {

/// Looks at the runs that go on when the history has changed, at most every two seconds, and every minute at
/// the disk; runs the command for each new alert.
class AlertBell : public QObject {
  Q_OBJECT
 public:
  explicit AlertBell(HistoryThread& history, QObject* parent = nullptr);

  /// A program with arguments, as one types them; empty: none, and nothing is looked for.
  void set_command(const QString& text);
  /// Runs the command for an alert that says it is a test.
  void test();
  /// One line on how the command fares; empty when there is none.
  const QString& state() const { return state_; }

 Q_SIGNALS:
  void state_changed(const QString& text);
  void failed(const QString& problem);

 private:
  void look();
  void told(const QString& problem);
  void set_state(const QString& text);

  HistoryThread& history_;
  Question question_;
  bool busy_ = false;
  QTimer soon_, disk_;
  QString command_, state_;
  std::shared_ptr<AlertWatch> watch_;  // on the history's thread
  std::unique_ptr<AlertHook> hook_;
};

}  // namespace conclave::ui
