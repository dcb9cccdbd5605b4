/// All runs: a table with a filter, one run beside it, and its curves in place of the table.
#pragma once

#include <QElapsedTimer>
#include <QUndoStack>

#include "ui/app/page.h"
#include "ui/runs/run_groups.h"
#include "ui/runs/run_table_model.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QTableView;
class QTimer;
class QToolButton;

namespace conclave::ui {

class ColumnLayout;
class CurvePanel;
class RunInspector;
class SparkLines;

class RunsPage : public Page {
  Q_OBJECT
 public:
  explicit RunsPage(Context& context);
  static PageInfo info();
  void refresh() override;
  bool settled() const override;
  QWidget* first_focus() override;

  /// Shows the curves of one run.
  void open_run(int64_t run);
  const RunTableModel& model() const { return model_; }
  QUndoStack& undo() { return undo_; }
  /// Runs that are chosen in the table.
  std::vector<int64_t> selected() const;
  const TextTableModel& groups() const { return groups_model_; }

 Q_SIGNALS:
  /// The first runs are on the screen.
  void listed(int count);
  void wants_routing(int64_t run);

 private:
  void build();
  void add_actions();
  void read_all(bool names_known);
  void take_names(const std::vector<RunSummary>& runs);
  void show_runs(std::vector<RunSummary> runs);
  void list_groups();
  void choose_group(int row);
  std::vector<RunSummary> in_group() const;
  void hide_empty_columns();
  void select_run(int64_t run);
  void on_selection();
  void step(int rows);
  void close_run();
  void move_to_bin();
  void pin();
  void choose_columns();
  void show_columns_menu(const QStringList& metrics, const QStringList& params);
  void set_columns(const QStringList& metrics, const QStringList& params);
  void set_command_for_list();

  /// What was listed: runs, and which of them were queued together.
  struct Listed {
    std::vector<RunSummary> runs;
    std::map<std::string, std::string> sweeps;
  };
  RunTableModel model_;
  Listed listed_;
  std::vector<RunGroup> groups_;
  TextTableModel groups_model_;
  QUndoStack undo_;
  Question question_, names_;
  bool names_known_ = false, busy_ = false, again_ = false, bin_ = false, opened_ = false;
  int64_t wanted_ = 0;  // to be selected as soon as it is listed
  QTimer *filter_timer_, *later_;
  QElapsedTimer since_read_;
  qint64 reading_ms_ = 0;
  QLineEdit* filter_;
  QLabel *problem_, *count_, *empty_;
  QToolButton* columns_;
  QComboBox* group_by_;
  QString group_;  // the one that is seen; empty: all
  bool listing_groups_ = false;
  QTableView* groups_view_;
  QStackedWidget *stack_, *table_stack_;
  QTableView* table_;
  ColumnLayout* layout_;
  SparkLines* sparks_;
  RunInspector* inspector_;
  CurvePanel* curves_;
};

}  // namespace conclave::ui
