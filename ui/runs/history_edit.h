/// A change of the history that can be taken back.
#pragma once

#include <QUndoCommand>
#include <functional>

#include "ui/data/history_thread.h"

namespace conclave::ui {

class HistoryEdit : public QUndoCommand {
 public:
  using Change = std::function<void(Store&)>;
  /// `failed` hears of an error of either way.
  HistoryEdit(HistoryThread& history, const QString& text, Change forward, Change back,
              std::function<void(const QString&)> failed)
      : QUndoCommand(text),
        history_(history),
        forward_(std::move(forward)),
        back_(std::move(back)),
        failed_(std::move(failed)) {}
  void redo() override { apply(forward_); }
  void undo() override { apply(back_); }

 private:
  void apply(const Change& change) {
    history_.change(&history_, change, [failed = failed_](const QString& error) {
      if (!error.isEmpty()) failed(error);
    });
  }
  HistoryThread& history_;
  Change forward_, back_;
  std::function<void(const QString&)> failed_;
};

}  // namespace conclave::ui
