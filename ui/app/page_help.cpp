#include "ui/app/page_help.h"

#include <QCoreApplication>
#include <QEvent>
#include <QHash>
#include <QLabel>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr const char* kContext = "conclave::ui::PageHelp";
const QHash<QString, const char*> kPurpose{
    {"home", QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                               "Where one begins: each application can be tried on a sample, and the latest "
                               "runs are listed with what came of them. What wants attention stands in red; "
                               "what ended since the window was last closed stands above the list.")},
    {"vqa",
     QT_TRANSLATE_NOOP(
         "conclave::ui::PageHelp",
         "Questions about pictures. Drop, paste or open a picture, write one question a line, and ask. "
         "Each answer tells how sure the model is; below the picture you choose the layer whose experts "
         "paint the patches. A word, a patch or an expert that is clicked shows what went to the same "
         "expert. The tab Batch asks a whole file of questions.")},
    {"audio",
     QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                       "Speech and music. Choose speak, music or continue, fill in the form, and make "
                       "it: notes, waveform and spectrogram stand under one playhead, and each result "
                       "is a version that can be played, compared with others and saved.")},
    {"ultrasound",
     QT_TRANSLATE_NOOP(
         "conclave::ui::PageHelp",
         "Frames are looked at, measured and reported. Draft lets the model fill in the report; "
         "you check its fields, the least sure first, correct them, and sign. A draft is no "
         "diagnosis.")},
    {"stream", QT_TRANSLATE_NOOP(
                   "conclave::ui::PageHelp",
                   "A mixture of experts that learns from a stream, record by record, each tested before it "
                   "is learnt from. Accuracy, drifts, the router's weights and the confusion matrix are "
                   "drawn while it goes on; it can be paused, led on by a record, and told to drift.")},
    {"runs",
     QT_TRANSLATE_NOOP(
         "conclave::ui::PageHelp",
         "Every run of every program, newest first. Filter with words or conditions (app:vqa "
         "accuracy>0.9 tag:paper lr:0.1); choose metrics and parameters as columns and drag them where "
         "you want them. Beside the list stands what a run was told and what came of it.")},
    {"compare",
     QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                       "Pinned runs side by side: curves over each other, what differs in their "
                       "parameters, metrics with the difference to a baseline (click a run's name), "
                       "and all numbers over parallel axes or one against another.")},
    {"routing",
     QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                       "Which experts the tokens of each modality went to, layer by layer and step "
                       "by step, of one run or minus a pinned one. A chosen expert is followed over the "
                       "steps below the loss, and can be taken out to see what is lost. Words and patches "
                       "shows it for single tokens.")},
    {"queue",
     QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                       "Commands that wait for a free slot and go on when the window is closed. Write "
                       "one below, or a sweep of many; drag waiting jobs into their order. A training "
                       "that was cancelled or failed is resumed from its checkpoint.")},
    {"settings", QT_TRANSLATE_NOOP("conclave::ui::PageHelp",
                                   "Colours, places, a command that is run for alerts, and every setting of "
                                   "every program with where its value comes from.")},
};

}  // namespace

QString page_purpose(const QString& page) {
  const char* text = kPurpose.value(page, nullptr);
  return text ? QCoreApplication::translate(kContext, text) : QString();
}

PageHelp::PageHelp(const ActionRegistry& actions, QWidget* parent)
    : QDialog(parent), actions_(actions), heading_(new QLabel), text_(new QTextBrowser) {
  setObjectName("help");
  setWindowTitle(tr("Help"));
  heading_->setObjectName("title");
  text_->setObjectName("help.text");
  text_->setAccessibleName(tr("Help on this page"));
  text_->setFrameShape(QFrame::NoFrame);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(heading_);
  layout->addWidget(text_, 1);
  resize(460, 560);
}

void PageHelp::show_page(const QString& id, const QString& title) {
  page_ = id;
  title_ = title;
  fill();
}

void PageHelp::changeEvent(QEvent* event) {
  QDialog::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && !page_.isEmpty()) fill();
}

QString PageHelp::keys_of(const QString& page) const {
  QString rows;
  for (const auto& [spec, action] : actions_.entries())
    if (spec.page == page && !spec.key.isEmpty())
      rows +=
          QString(
              "<tr><td style='padding: 2px 16px 2px 0; white-space: nowrap'><b>%1</b></td><td>%2</td></tr>")
              .arg(spec.key.toString(QKeySequence::NativeText).toHtmlEscaped(), spec.text.toHtmlEscaped());
  return rows.isEmpty() ? QString() : "<table>" + rows + "</table>";
}

void PageHelp::fill() {
  heading_->setText(title_);
  QString html = "<p>" + page_purpose(page_).toHtmlEscaped() + "</p>";
  const std::pair<QString, QString> parts[] = {{tr("Keys of this page"), keys_of(page_)},
                                               {tr("Keys everywhere"), keys_of({})}};
  for (const auto& [title, keys] : parts)
    if (!keys.isEmpty()) html += "<h4>" + title.toHtmlEscaped() + "</h4>" + keys;
  html +=
      QString("<p style='color: %1'>%2</p>")
          .arg(muted(palette()).name(), tr("Ctrl+K finds everything else that can be done.").toHtmlEscaped());
  text_->setHtml(html);
}

}  // namespace conclave::ui
