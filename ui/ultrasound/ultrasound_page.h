/// Ultrasound: files, their frames, lengths, and a report from draft to signature. Everything that knows
/// DICOM or a model is conclave-ultrasound.
#pragma once

#include <QTemporaryDir>

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/form/verb_form.h"
#include "ui/process/line_process.h"
#include "ui/ultrasound/report_view.h"

class QLabel;
class QLineEdit;
class QTableView;
class QTabWidget;

namespace conclave::ui {

class FramePanel;
class FrameViewer;
class ReadersPanel;
class ReportPanel;

class UltrasoundPage : public Page {
  Q_OBJECT
 public:
  explicit UltrasoundPage(Context& context);
  static PageInfo info();
  void refresh() override;
  void try_sample() override;
  bool settled() const override;
  QWidget* first_focus() override;
  /// Files, or all files of folders. Reports that were drafted of them before are shown again.
  void open(const QStringList& paths);
  FrameViewer& viewer();
  VerbForm& form() { return *form_; }
  FieldModel& fields();
  ReadersPanel& readers() { return *readers_; }
  const ReportView* report() const;

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Study {
    QString file;
    QString report_file;
    std::optional<ReportView> report;
  };
  void build();
  void connect_parts();
  void add_actions();
  QWidget* make_left();
  QWidget* make_right();
  Study* study();
  void list();
  void choose(int row);
  void follow(const std::optional<ReportEvidence>& evidence);
  void draft(const QStringList& more = {});
  void keep();
  void sign();
  void export_report();
  QString reader(const QString& what_for);
  QString report_folder(const Study& of) const;
  void run_report(const QStringList& words, const QString& what);
  void take_report(const QString& problem);
  void find_report(Study& of) const;
  void show_report();
  void show_marks();
  void say(const QString& text, bool error = false);

  QTemporaryDir folder_;
  std::vector<Study> studies_;
  int chosen_ = -1;
  LineProcess report_process_, lexicon_process_;
  QByteArray report_line_;
  QString report_task_;
  Lexicon lexicon_;
  std::optional<ReportEvidence> evidence_;
  TextTableModel files_;
  VerbForm* form_;
  FramePanel* frames_;
  ReportPanel* report_panel_;
  ReadersPanel* readers_;
  QTableView* file_table_;
  QLabel* state_;
  QLineEdit* reader_;
  QTabWidget* tabs_;
};

}  // namespace conclave::ui
