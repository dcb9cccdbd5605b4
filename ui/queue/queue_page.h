/// Jobs: what runs, what waits for a slot, what came of the last ones. They live in the history, so they go
/// on when the window is closed and are here again when it is opened.
#pragma once

#include <map>

#include "ui/app/page.h"
#include "ui/process/line_process.h"
#include "ui/queue/job_checkpoint.h"
#include "ui/queue/job_table_model.h"

class QLabel;
class QLineEdit;
class QSpinBox;
class QTableView;
class QTimer;

namespace conclave::ui {

class LogView;

class QueuePage : public Page {
  Q_OBJECT
 public:
  explicit QueuePage(Context& context);
  static PageInfo info();
  void refresh() override;
  bool settled() const override { return !busy_; }
  QWidget* first_focus() override;
  JobTableModel& model() { return model_; }
  /// Whether waiting jobs are started.
  void set_working(bool working);
  /// Queues them and starts what waits.
  void start_jobs(std::vector<JobSpec> jobs);

 Q_SIGNALS:
  /// Of the runs of jobs that were queued together.
  void wants_comparison(const std::vector<int64_t>& runs);

 private:
  void build();
  void add_actions();
  void add_job();
  void queue(std::vector<JobSpec> jobs);
  void open_form();
  void compare_group();
  void show_log();
  void reorder(const std::vector<int64_t>& waiting);
  void move(int rows);
  void change(const std::vector<int64_t>& jobs, const QString& what,
              std::function<void(Queue&, int64_t)> each);
  std::vector<int64_t> selected() const;
  void find_checkpoints();
  void offer_again(std::map<int64_t, JobCheckpoint> checkpoints);
  /// Chosen jobs that have ended: those with a checkpoint, or the others.
  std::vector<int64_t> ended(bool with_checkpoint) const;
  void start_worker();

  JobTableModel model_;
  Question question_, log_question_, group_question_, checkpoint_question_;
  std::map<int64_t, JobCheckpoint> checkpoints_;  // of chosen jobs
  bool busy_ = false, again_ = false, working_ = false;
  LineProcess worker_;
  QTableView* table_;
  QLineEdit *command_text_, *sweep_;
  LogView* log_;
  QSpinBox *cpu_, *gpu_, *retries_, *draws_;
  QLabel *slots_, *log_title_;
  QTimer* tick_;
};

}  // namespace conclave::ui
