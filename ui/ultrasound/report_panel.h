/// A report from draft to signature: fields to change, texts to edit, where each sentence comes from.
#pragma once

#include <QWidget>

#include "ui/data/text_table_model.h"
#include "ui/ultrasound/report_view.h"

class QLabel;
class QPlainTextEdit;
class QTableView;
class QTabWidget;

namespace conclave::ui {

class ReportPanel : public QWidget {
  Q_OBJECT
 public:
  explicit ReportPanel(const Lexicon& lexicon, QWidget* parent = nullptr);
  /// Null: no report yet. What was changed and not kept is gone.
  void show_report(const ReportView* report);
  FieldModel& fields() { return fields_; }
  /// Options of conclave-ultrasound edit; empty when nothing was changed.
  QStringList changes() const;

 Q_SIGNALS:
  /// The cursor stands in a sentence that comes from there; nothing when it comes from nowhere.
  void evidence_chosen(const std::optional<ReportEvidence>& evidence);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void make_room();
  void lead(const QPlainTextEdit* text);
  const ReportSentence* sentence_at(const QPlainTextEdit* text) const;

  const Lexicon& lexicon_;
  std::optional<ReportView> report_;
  FieldModel fields_;
  TextTableModel steps_;
  QLabel *about_, *evidence_;
  QTableView *field_table_, *step_table_;
  QPlainTextEdit *findings_, *impression_;
  QTabWidget* tabs_;
};

}  // namespace conclave::ui
