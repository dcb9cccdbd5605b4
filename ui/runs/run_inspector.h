/// One run beside the table: what it was told, what came of it, and what people wrote about it.
#pragma once

#include <QUndoStack>
#include <QWidget>

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"

class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QStackedWidget;
class QTableView;
class QTimer;

namespace conclave::ui {

class FilePreview;
class LogView;

class RunInspector : public QWidget {
  Q_OBJECT
 public:
  RunInspector(Context& context, QUndoStack& undo, QWidget* parent = nullptr);
  /// 0: none.
  void show_run(int64_t run);
  /// Reads the same run again.
  void refresh();
  int64_t run() const { return run_; }
  bool settled() const;

 Q_SIGNALS:
  void shown(const RunDetail& run);
  void failed(const QString& error);

 private:
  /// A run, and the end of what it wrote where a job of the queue kept that.
  struct Shown {
    RunDetail run;
    std::optional<std::string> log;
    QString log_end;
  };
  void fill(const Shown& shown);
  void preview_file(const QModelIndex& row);
  void build();
  void edit(const QString& what, std::function<void(Store&)> forward, std::function<void(Store&)> back);
  void save_name();
  void save_tags();
  void save_note();

  Context& context_;
  QUndoStack& undo_;
  Question question_;
  int64_t run_ = 0;
  bool busy_ = false;
  RunDetail detail_;
  QStackedWidget* stack_;
  QLabel *empty_, *headline_, *facts_, *trouble_, *repeat_;
  QLineEdit *name_, *tags_;
  QPlainTextEdit* note_;
  QTimer* note_timer_;
  LogView* log_;
  FilePreview* preview_;
  QTableView* files_view_ = nullptr;
  TextTableModel params_, metrics_, files_, events_, environment_;
};

}  // namespace conclave::ui
