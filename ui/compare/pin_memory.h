/// Pinned runs from one session to the next.
#pragma once

#include <QObject>
#include <QStringList>

#include "ui/app/preferences.h"
#include "ui/compare/pins.h"
#include "ui/data/history_thread.h"

namespace conclave::ui {

/// Keeps the uuids of pinned runs, those of each history apart: a run's number is another one's after a
/// merge, its uuid never.
class PinMemory : public QObject {
  Q_OBJECT
 public:
  PinMemory(HistoryThread& history, Preferences& preferences, Pins& pins);
  /// Pins what was pinned when the window was closed.
  void restore();
  /// Takes what is pinned from here on, not what was: somebody named the runs to compare.
  void begin_anew() { restored_ = true; }

 Q_SIGNALS:
  /// Runs that were pinned are no longer in the history.
  void vanished(int runs);

 private:
  void keep();

  HistoryThread& history_;
  Preferences& preferences_;
  Pins& pins_;
  QString place_;
  bool restored_ = false;
  Question question_;
};

}  // namespace conclave::ui
