/// Many questions at once: a file of them, or one question about each picture of a folder.
#pragma once

#include <QElapsedTimer>
#include <QTimer>

#include "framework/history/queue.h"
#include "ui/app/page.h"
#include "ui/process/line_process.h"
#include "ui/vqa/batch_model.h"
#include "ui/vqa/model_chooser.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QTableView;

namespace conclave::ui {

class BatchView : public QWidget {
  Q_OBJECT
 public:
  /// `models` says which model answers.
  BatchView(Context& context, const ModelChooser& models, QWidget* parent = nullptr);
  /// A JSON-lines file, a .csv or a folder of pictures.
  void set_input(const QString& path);
  void choose_file();
  void choose_folder();
  /// Shows what an earlier run wrote.
  void choose_answers();
  void show_answers(const QString& file);
  /// Starts the program; of no effect while it runs.
  void run();
  void cancel() { process_.cancel(); }
  /// Asks where the answers shall go, and queues the run.
  void queue();
  void queue_to(const QString& answers);
  void focus_filter();
  bool settled() const { return !process_.running() && pending_.empty() && reading_ == 0; }
  /// The command line that does the same.
  QStringList command() const;
  const BatchModel& answers() const { return answers_; }
  /// In place of conclave-vqa.
  void set_program(const QString& path) { program_ = path; }

 Q_SIGNALS:
  void message(const QString& text, bool error);
  void command_changed();
  void wants_jobs(const std::vector<JobSpec>& jobs);
  /// A row was opened.
  void opened(const QStringList& pictures, const QString& question);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void build();
  QWidget* make_input();
  QWidget* make_filter();
  bool ready();
  void take_line(const QByteArray& line);
  void put(VqaAnswer answer);
  void flush();
  void on_end(int code, const QString& problem);
  void say_state();
  QString counts() const;

  Context& context_;
  const ModelChooser& models_;
  LineProcess process_;
  BatchModel answers_;
  BatchFilter filter_;
  std::vector<VqaAnswer> pending_;
  QTimer flush_;
  QElapsedTimer watch_;
  double seconds_ = 0;
  int64_t total_ = -1;  ///< unknown
  int reading_ = 0;
  uint64_t input_ = 0;  ///< counts the inputs: an answer about an earlier one is dropped
  QString program_, path_, problem_, answers_of_;
  QLabel *path_label_, *state_;
  QLineEdit *question_, *words_;
  QComboBox* kind_;
  QPushButton *run_, *queue_, *cancel_;
  QProgressBar* progress_;
  QTableView* table_;
};

}  // namespace conclave::ui
