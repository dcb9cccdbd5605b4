/// Questions about pictures: conclave-vqa answers, as a program of its own.
#pragma once

#include <QTemporaryDir>

#include "ui/app/page.h"
#include "ui/process/line_process.h"
#include "ui/vqa/answer_model.h"
#include "ui/vqa/picture_canvas.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QSlider;

namespace conclave::ui {

class VqaPage : public Page {
  Q_OBJECT
 public:
  explicit VqaPage(Context& context);
  static PageInfo info();
  bool settled() const override { return !process_.running() && reading_ == 0; }
  QWidget* first_focus() override;

  /// Takes the place of the pictures that are shown; what cannot be read is said and left out.
  void set_pictures(const QStringList& files);
  /// Shows a picture that comes with Conclave, and a question about it.
  void try_sample() override;
  /// Starts the program; of no effect while it runs.
  void ask(const QString& question);
  const AnswerModel& answers() const { return answers_; }
  const PictureCanvas& canvas() const { return *canvas_; }
  /// In place of conclave-vqa.
  void set_program(const QString& path) { program_ = path; }

 private:
  void build();
  QWidget* make_left();
  QWidget* make_right();
  void add_actions();
  void choose_files();
  void paste();
  void take_line(const QByteArray& line);
  void on_end(int code, const QString& problem);
  void take_routing();
  void show_exchange();
  void paint_layer();
  void say_state();

  AnswerModel answers_;
  LineProcess process_;
  QTemporaryDir folder_;
  QString program_, routing_file_;
  QStringList files_;
  QString ask_then_;  ///< to be asked when the pictures are there
  Question pictures_question_;
  int reading_ = 0, asked_ = 0, waited_s_ = 0;
  PictureCanvas* canvas_;
  QListView* list_;
  QLineEdit* question_;
  QPushButton *ask_, *cancel_;
  QLabel *state_, *layer_label_;
  QSlider* layer_;
  QCheckBox* paint_;
  QTimer* tick_;
};

}  // namespace conclave::ui
