#include "ui/ultrasound/report_panel.h"

#include <QLabel>
#include <QPlainTextEdit>
#include <QTabWidget>
#include <QTableView>
#include <QTextBlock>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/data/table_view.h"
#include "ui/ultrasound/value_delegate.h"

namespace conclave::ui {
namespace {

constexpr int kLeastHeight = 64;

}  // namespace

ReportPanel::ReportPanel(const Lexicon& lexicon, QWidget* parent)
    : QWidget(parent),
      lexicon_(lexicon),
      steps_({tr("State"), tr("By"), tr("What changed")}),
      about_(new QLabel),
      evidence_(new QLabel),
      field_table_(make_table(&fields_, tr("Fields"))),
      step_table_(make_table(&steps_, tr("From draft to signed"))),
      findings_(new QPlainTextEdit),
      impression_(new QPlainTextEdit),
      tabs_(new QTabWidget) {
  about_->setObjectName("ultrasound.about");
  about_->setWordWrap(true);
  evidence_->setObjectName("ultrasound.evidence");
  evidence_->setWordWrap(true);
  field_table_->setObjectName("ultrasound.fields");
  field_table_->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                                QAbstractItemView::SelectedClicked);
  field_table_->setItemDelegateForColumn(
      1, new ValueDelegate(
             [this](int row) {
               return report_ ? lexicon_.values(report_->organ, fields_.at(row).name) : QStringList();
             },
             field_table_));
  field_table_->setColumnWidth(0, 120);
  field_table_->setColumnWidth(1, 120);
  findings_->setObjectName("ultrasound.findings");
  findings_->setAccessibleName(tr("Findings"));
  impression_->setObjectName("ultrasound.impression");
  impression_->setAccessibleName(tr("Impression"));
  for (QPlainTextEdit* text : {findings_, impression_}) {
    connect(text, &QPlainTextEdit::cursorPositionChanged, this, [this, text] { lead(text); });
    text->installEventFilter(this);
    text->viewport()->installEventFilter(this);
  }
  step_table_->setObjectName("ultrasound.steps");
  step_table_->setColumnWidth(0, 70);
  step_table_->setColumnWidth(1, 90);
  for (QWidget* each : std::initializer_list<QWidget*>{field_table_, findings_, impression_})
    each->setMinimumHeight(kLeastHeight);
  auto* texts = new QWidget;
  auto* layout = new QVBoxLayout(texts);
  layout->setContentsMargins(0, 8, 0, 0);
  layout->addWidget(field_table_, 2);
  layout->addWidget(new QLabel(tr("Findings")));
  layout->addWidget(findings_, 2);
  layout->addWidget(new QLabel(tr("Impression")));
  layout->addWidget(impression_, 1);
  layout->addWidget(evidence_);
  tabs_->setObjectName("ultrasound.tabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(texts, tr("Text and fields"));
  tabs_->addTab(step_table_, tr("What changed"));
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 8, 0, 0);
  all->addWidget(about_);
  all->addWidget(tabs_, 1);
}

void ReportPanel::show_report(const ReportView* report) {
  report_ = report ? std::optional(*report) : std::nullopt;
  tabs_->setEnabled(report);
  fields_.set_fields(report ? report->fields : std::vector<ReportField>());
  {
    const QSignalBlocker no_findings(findings_), no_impression(impression_);
    findings_->setPlainText(report ? report->findings : "");
    impression_->setPlainText(report ? report->impression : "");
  }
  std::vector<TextTableModel::Row> rows;
  QString text = tr("No report yet: “Draft a report” makes one.");
  if (report) {
    text = tr("%1, by %2").arg(report->state, report->model.isEmpty() ? tr("a reader") : report->model);
    if (report->abstained) text += "\n" + tr("the model abstains: %1").arg(report->reason);
    if (!report->measurements.isEmpty()) text += "\n" + report->measurements.join("; ");
    if (!report->categories.isEmpty()) text += "\n" + report->categories.join("; ");
    for (const ReportStep& step : report->steps)
      rows.push_back({{step.state, step.by, step.changes.join("; ")}, step.state == "signed"});
  }
  about_->setText(text);
  field_table_->setVisible(!report || !report->fields.empty());
  steps_.set_rows(std::move(rows));
  evidence_->setText(report ? tr("A click into a sentence shows where it comes from.") : QString());
  make_room();
}

// Tabs do not ask how high a text is when it has to wrap.
void ReportPanel::make_room() {
  for (QLabel* label : {about_, evidence_}) label->setMinimumHeight(std::max(0, label->heightForWidth(width())));
}

void ReportPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  make_room();
}

QStringList ReportPanel::changes() const {
  QStringList words;
  if (!report_) return words;
  for (const QString& change : fields_.changes()) words << "--set" << change;
  if (findings_->toPlainText() != report_->findings) words << "--findings" << findings_->toPlainText();
  if (impression_->toPlainText() != report_->impression)
    words << "--impression" << impression_->toPlainText();
  return words;
}

// A sentence is one line or several; the text is the report's as long as nobody has changed it up to there.
const ReportSentence* ReportPanel::sentence_at(const QPlainTextEdit* text) const {
  const bool impression = text == impression_;
  const QString shown = text->toPlainText();
  const qsizetype cursor = text->textCursor().position();
  qsizetype begin = 0;
  for (const ReportSentence& sentence : report_->sentences) {
    if ((sentence.section == "impression") != impression) continue;
    if (QStringView(shown).sliced(begin, std::min(sentence.text.size(), shown.size() - begin)) !=
        sentence.text)
      return nullptr;
    if (cursor <= begin + sentence.text.size()) return &sentence;
    begin = std::min(begin + sentence.text.size() + 1, shown.size());
  }
  return nullptr;
}

// A click, or the way in by the keyboard, may leave the cursor where it was.
bool ReportPanel::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::FocusIn || event->type() == QEvent::MouseButtonRelease)
    for (const QPlainTextEdit* text : {findings_, impression_})
      if (watched == text || watched == text->viewport()) lead(text);
  return QWidget::eventFilter(watched, event);
}

void ReportPanel::lead(const QPlainTextEdit* text) {
  if (!report_) return;
  const ReportSentence* sentence = sentence_at(text);
  if (!sentence || sentence->edited || sentence->evidence.empty()) {
    evidence_->setText(!sentence          ? tr("Your own words: they come from no picture.")
                       : sentence->edited ? tr("A reader's own words: they come from no picture.")
                                          : tr("This sentence names no place in a picture."));
    make_room();
    return Q_EMIT evidence_chosen(std::nullopt);
  }
  const ReportEvidence& from = sentence->evidence.front();
  QString where = tr("From frame %1").arg(from.frame + 1);
  if (!from.source.isEmpty()) where += tr(" of %1").arg(from.source);
  if (from.box)
    where += tr(", the dashed box of %1 x %2 pixels").arg(from.box->width()).arg(from.box->height());
  evidence_->setText(where);
  make_room();
  Q_EMIT evidence_chosen(from);
}

}  // namespace conclave::ui
