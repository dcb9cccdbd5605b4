/// A learner on a stream, live: conclave-stream run behind a form.
#pragma once

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/form/verb_form.h"
#include "ui/process/line_process.h"
#include "ui/stream/stream_trace.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QTabWidget;
class QTableView;
class QTimer;

namespace conclave::ui {

class ConfusionView;
class StreamPlots;
class TreePanel;

class StreamPage : public Page {
  Q_OBJECT
 public:
  explicit StreamPage(Context& context);
  static PageInfo info();
  void refresh() override;
  /// Also when it stands: an endless stream is never over.
  bool settled() const override { return form_->settled() && (!running() || paused_); }
  QWidget* first_focus() override;
  VerbForm& form() { return *form_; }
  const StreamTrace& trace() const { return trace_; }
  bool running() const { return process_.running(); }
  bool paused() const { return running() && paused_; }
  /// A stream with two drifts, as someone new would like to see it.
  void try_sample() override;
  void start();
  void pause(bool paused);
  /// From where it stands to the next record, where it stands again.
  void step();
  /// The next concept takes over at once; of a generated stream.
  void drift();
  /// What is seen: curves or the confusion matrix.
  Takeaway takeaway() const;

 private:
  void build();
  void add_actions();
  QWidget* make_readings();
  void take_line(const QByteArray& line);
  void on_end(const QString& problem);
  void draw();
  void say_state();
  void ask_for_trees();

  VerbForm* form_;
  LineProcess process_;
  StreamTrace trace_;
  QString trouble_;
  bool stale_ = false, paused_ = false;
  QTabWidget* tabs_;
  StreamPlots* plots_;
  ConfusionView* confusion_;
  TreePanel* trees_;
  QLabel *state_, *readings_;
  TextTableModel experts_, events_;
  QTableView *expert_table_, *event_table_;
  QCheckBox* kappa_;
  QComboBox* speed_;
  QTimer* draw_timer_;
};

}  // namespace conclave::ui
