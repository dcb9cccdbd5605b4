/// What a run's file holds, at a glance: a picture, a waveform, text, indented JSON, or its first bytes.
#pragma once

#include <QImage>
#include <QWidget>

#include "ui/data/history_thread.h"

class QLabel;
class QPlainTextEdit;
class QStackedWidget;

namespace conclave::ui {

struct Preview {
  QImage picture;  ///< also of a waveform
  QString text;
  QString note;  ///< what it is, or why there is nothing to see
};

/// Reads a bounded part of `file`, whatever it holds. `recorded` bytes is what it had when the run wrote it.
Preview preview_of(const QString& file, int64_t recorded);

class FilePreview : public QWidget {
  Q_OBJECT
 public:
  explicit FilePreview(HistoryThread& history, QWidget* parent = nullptr);
  /// Empty: none.
  void show_file(const QString& file, int64_t recorded);
  bool settled() const { return !busy_; }

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fit_picture();

  HistoryThread& history_;
  Question question_;
  bool busy_ = false;
  QImage whole_;
  QLabel *note_, *picture_;
  QPlainTextEdit* text_;
  QStackedWidget* stack_;
};

}  // namespace conclave::ui
