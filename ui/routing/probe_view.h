/// A fixed set of questions asked of a run's model: its words and the patches of its pictures, painted by the
/// expert that they went to first.
#pragma once

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/process/line_process.h"
#include "ui/routing/probe_set.h"
#include "ui/vqa/model_chooser.h"
#include "ui/vqa/picture_loader.h"
#include "ui/vqa/token_strip.h"

class QLabel;
class QPushButton;
class QScrollArea;
class QSlider;
class QTableView;

namespace conclave::ui {

class ProbeView : public QWidget {
  Q_OBJECT
 public:
  static constexpr size_t kMostProbes = 500;
  static constexpr size_t kMostTokens = 2'000'000;  ///< of all probes and layers together

  explicit ProbeView(Context& context, QWidget* parent = nullptr);
  /// The model of this run is asked from here on; what a run without a model is, is said.
  void show_run(const RunDetail& run);
  /// A JSON-lines file as conclave-vqa takes it.
  void set_questions(const QString& file);
  void choose_questions();
  /// Starts the program; of no effect while it runs.
  void ask();
  void cancel() { process_.cancel(); }
  bool settled() const { return !process_.running() && !loader_.busy(); }
  const QStringList& command() const { return command_; }
  const std::vector<Probe>& probes() const { return probes_; }
  /// Reads the models of the history again.
  void refresh() { models_->refresh(); }
  /// Pictures and words of the chosen question, as export_drawing wants it.
  QSize drawn_size() const;
  void draw(QPainter& painter) const;
  QString csv() const { return probes_csv(probes_); }
  /// In place of conclave-vqa.
  void set_program(const QString& path) { program_ = path; }

 Q_SIGNALS:
  void message(const QString& text, bool error);
  void command_changed();

 private:
  void build();
  QWidget* make_controls();
  QWidget* make_middle();
  void take_line(const QByteArray& line);
  void on_end(int code, const QString& problem);
  void forget();
  void list_probes();
  void show_probe();
  void show_layer();
  void show_row();
  void show_experts(const std::set<int>& experts);
  void say_state();
  int site() const;
  const Probe* probe() const;

  Context& context_;
  LineProcess process_;
  PictureLoader loader_;
  QString program_, questions_file_, no_model_, problem_;
  QStringList command_;
  std::vector<Probe> probes_;
  std::vector<int> sites_;  ///< of the chosen probe
  size_t tokens_read_ = 0;
  int chosen_ = -1;
  bool filling_ = false;
  TextTableModel list_, tokens_;
  ModelChooser* models_;
  QPushButton *questions_, *ask_, *cancel_;
  QLabel *state_, *layer_label_, *token_label_, *question_label_;
  QSlider* layer_;
  QTableView *list_view_, *tokens_view_;
  PictureCanvas* canvas_;
  TokenStrip* strip_;
  QScrollArea* scroll_;
};

}  // namespace conclave::ui
