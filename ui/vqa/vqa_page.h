/// Questions about pictures: conclave-vqa answers, as a program of its own.
#pragma once

#include <QTemporaryDir>

#include "ui/app/page.h"
#include "ui/process/line_process.h"
#include "ui/vqa/answer_model.h"
#include "ui/vqa/batch_view.h"
#include "ui/vqa/camera.h"
#include "ui/vqa/picture_loader.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QSlider;
class QTabWidget;

namespace conclave::ui {

class TokenStrip;
class WordView;

class VqaPage : public Page {
  Q_OBJECT
 public:
  explicit VqaPage(Context& context);
  static PageInfo info();
  bool settled() const override { return !process_.running() && !loader_.busy() && batch_->settled(); }
  QWidget* first_focus() override;
  void refresh() override { models_->refresh(); }

  /// Takes the place of the pictures that are shown; what cannot be read is said and left out.
  void set_pictures(const QStringList& files);
  /// Shows a picture that comes with Conclave, and a question about it.
  void try_sample() override;
  /// Starts the program; of no effect while it runs.
  void ask(const QString& question);
  const AnswerModel& answers() const { return answers_; }
  const PictureCanvas& canvas() const { return *canvas_; }
  TokenStrip& words() const;
  BatchView& batch() const { return *batch_; }
  ModelChooser& models() const { return *models_; }
  Camera& camera() { return camera_; }
  /// In place of conclave-vqa.
  void set_program(const QString& path) {
    program_ = path;
    batch_->set_program(path);
  }
  /// What is seen.
  Takeaway takeaway() const;

 Q_SIGNALS:
  /// Jobs to be queued and started.
  void wants_jobs(const std::vector<JobSpec>& jobs);

 private:
  void build();
  QWidget* make_left();
  QWidget* make_right();
  void add_actions();
  void add_batch_actions();
  bool shows_batch() const;
  void on_tab();
  /// A question of the batch, to be looked at and asked.
  void open_question(const QStringList& pictures, const QString& question);
  void take_files(const QStringList& files);
  void choose_files();
  void paste();
  void shoot();
  void take_line(const QByteArray& line);
  void on_end(int code, const QString& problem);
  void take_routing();
  void show_exchange();
  void paint_layer();
  const Exchange* exchange() const;
  void say_state();

  AnswerModel answers_;
  LineProcess process_;
  QTemporaryDir folder_;
  QString program_, routing_file_;
  QStringList files_;
  QString ask_then_;  ///< to be asked when the pictures are there
  PictureLoader loader_;
  Camera camera_;
  int asked_ = 0, waited_s_ = 0;
  QStringList asked_command_;
  ModelChooser* models_;
  QTabWidget* tabs_;
  BatchView* batch_;
  PictureCanvas* canvas_;
  QListView* list_;
  QLineEdit* question_;
  QPushButton *ask_, *cancel_;
  QLabel *state_, *layer_label_;
  WordView* words_;
  std::vector<int> sites_;  ///< of the chosen question
  QSlider* layer_;
  QCheckBox* paint_;
  QTimer* tick_;
};

}  // namespace conclave::ui
