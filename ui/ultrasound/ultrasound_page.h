/// Ultrasound: files, their frames, lengths, and a report from draft to signature. Everything that knows
/// DICOM or a model is conclave-ultrasound.
#pragma once

#include <QTemporaryDir>
#include <map>

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/form/verb_form.h"
#include "ui/process/line_process.h"
#include "ui/ultrasound/report_view.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QSlider;
class QTableView;
class QTabWidget;
class QTimer;

namespace conclave::ui {

class FrameViewer;

class UltrasoundPage : public Page {
  Q_OBJECT
 public:
  explicit UltrasoundPage(Context& context);
  static PageInfo info();
  void refresh() override;
  void try_sample() override;
  bool settled() const override;
  QWidget* first_focus() override;
  /// Files, or all files of folders.
  void open(const QStringList& paths);
  FrameViewer& viewer() { return *viewer_; }
  VerbForm& form() { return *form_; }
  FieldModel& fields() { return fields_; }
  const ReportView* report() const;

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Study {
    QString file;
    int64_t frames = 1;
    double frame_ms = 0;
    QString report_file;
    std::optional<ReportView> report;
  };
  void build();
  void add_actions();
  QWidget* make_left();
  QWidget* make_middle();
  QWidget* make_right();
  Study* study();
  void list();
  void choose(int row);
  void show_frame(int64_t frame);
  void take_frames(const QString& problem);
  void measure(QPointF from, QPointF to);
  void draft();
  void keep();
  void sign();
  void export_report();
  void run_report(const QStringList& words, const QString& what);
  void read_report(Study& of);
  void show_report();
  void play(bool playing);
  void say(const QString& text, bool error = false);
  QStringList history_words() const;

  QTemporaryDir folder_;
  std::vector<Study> studies_;
  int chosen_ = -1;
  LineProcess frame_process_, length_process_, report_process_, lexicon_process_;
  QByteArray frame_line_, length_line_, report_line_;
  QString report_task_;
  int64_t frame_ = 0, wanted_frame_ = 0;
  std::map<int64_t, QImage> cine_;  ///< frames of the chosen study that are at hand
  Lexicon lexicon_;
  FieldModel fields_;
  TextTableModel files_, steps_;
  VerbForm* form_;
  FrameViewer* viewer_;
  QTableView *file_table_, *field_table_, *step_table_;
  QSlider *cine_bar_, *window_bar_, *level_bar_;
  QLabel *frame_label_, *length_label_, *state_, *about_;
  QCheckBox* overlay_;
  QPlainTextEdit *findings_, *impression_;
  QLineEdit* reader_;
  QTabWidget* tabs_;
  QTimer* cine_timer_;
};

}  // namespace conclave::ui
