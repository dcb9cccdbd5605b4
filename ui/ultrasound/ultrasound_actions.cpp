// What the Ultrasound page does: its actions, and the commands that make a report and change it.
#include <QDir>
#include <QFileDialog>
#include <QLineEdit>

#include "framework/base/error.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"
#include "ui/ultrasound/frame_panel.h"
#include "ui/ultrasound/report_panel.h"
#include "ui/ultrasound/ultrasound_page.h"

namespace conclave::ui {
namespace {

constexpr qint64 kMostReportBytes = 64 << 20;
constexpr int kMostReportsOfAName = 20;

ReportView load_report(const QString& name) {
  QFile file(name);
  if (!file.open(QIODevice::ReadOnly)) throw DataError(name.toStdString(), "", "cannot be read");
  if (file.size() > kMostReportBytes) throw DataError(name.toStdString(), "", "is too large to be shown");
  return parse_report(file.readAll(), name);
}

}  // namespace

void UltrasoundPage::add_actions() {
  add_action(
      "open", tr("Open"), QKeySequence("Ctrl+O"),
      [this] {
        const QStringList files = QFileDialog::getOpenFileNames(
            this, tr("Open studies"), context_.preferences.value("ultrasound/folder").toString());
        if (files.isEmpty()) return;
        context_.preferences.setValue("ultrasound/folder", QFileInfo(files[0]).path());
        open(files);
      },
      true);
  add_action(
      "sample", tr("Try on a sample"), {}, [this] { try_sample(); }, true);
  add_action(
      "draft", tr("Draft a report"), QKeySequence("Ctrl+Return"), [this] { draft(); }, true);
  add_action(
      "keep", tr("Keep my changes"), QKeySequence("Ctrl+Shift+S"), [this] { keep(); }, true);
  add_action(
      "sign", tr("Sign"), {}, [this] { sign(); }, true);
  add_action(
      "export", tr("Export"), QKeySequence("Ctrl+E"), [this] { export_report(); }, true);
  QAction* cine = add_action("play", tr("Play the clip"), QKeySequence("Ctrl+P"), [this] {
    QAction* action = context_.actions.find("ultrasound.play");
    action->setChecked(frames_->play(action->isChecked()));
  });
  cine->setCheckable(true);
  add_action("next", tr("Next frame"), QKeySequence("Ctrl+Right"), [this] { frames_->step(1); });
  add_action("previous", tr("Frame before"), QKeySequence("Ctrl+Left"), [this] { frames_->step(-1); });
  add_action("all", tr("Show the whole frame"), QKeySequence("Ctrl+0"), [this] { viewer().show_all(); });
  add_action("levels", tr("Grey levels as they are"), {}, [this] { viewer().set_window(256, 128); });
  add_action("length", tr("Measure a length"), {}, [this] { frames_->set_tool(FrameTool::length); });
  add_action("ellipse", tr("Measure an ellipse"), {}, [this] { frames_->set_tool(FrameTool::ellipse); });
  add_action("outline", tr("Outline what is seen"), {}, [this] { frames_->set_tool(FrameTool::outline); });
  add_action("box", tr("Draw a box"), {}, [this] { frames_->set_tool(FrameTool::box); });
  add_action("cancel", tr("Cancel"), QKeySequence("Esc"), [this] { report_process_.cancel(); });
  add_action("take", tr("Take the picture along"), QKeySequence("Ctrl+S"), [this] {
    const QString file = ask_export_file(this, "frame.png", "png svg pdf");
    if (file.isEmpty()) return;
    const QSize size = viewer().size();
    const QString error = export_drawing(
        size, [&](QPainter& painter) { viewer().draw(painter, size); }, file);
    say(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
  });
}

QString UltrasoundPage::report_folder(const Study& of) const {
  const QString beside = QFileInfo(of.file).absolutePath();
  return QFileInfo(beside).isWritable() ? beside + "/reports" : folder_.filePath("reports");
}

// Reports of one name are NAME, NAME-2, ...: which is of this file, they say themselves.
void UltrasoundPage::find_report(Study& of) const {
  const QString stem = report_folder(of) + "/" + QFileInfo(of.file).completeBaseName();
  for (int number = 1; number <= kMostReportsOfAName; ++number) {
    const QString name = stem + (number == 1 ? QString() : QString("-%1").arg(number)) + ".json";
    if (!QFileInfo::exists(name)) return;
    try {
      ReportView found = load_report(name);
      if (!found.sources.contains(QFileInfo(of.file).fileName())) continue;
      of.report_file = name;
      of.report = std::move(found);
      return;
    } catch (const std::exception&) {  // then it is drafted anew
    }
  }
}

void UltrasoundPage::run_report(const QStringList& words, const QString& what) {
  if (report_process_.running()) return;
  const QString program = find_program("conclave-ultrasound");
  if (program.isEmpty())
    return say(tr("conclave-ultrasound is neither beside this program nor on PATH"), true);
  set_command(QStringList("conclave-ultrasound") + words);
  report_task_ = what;
  report_line_.clear();
  const auto history = std::filesystem::absolute(context_.history.path()).string();
  report_process_.start(program, words + QStringList{"--json", "--history", QString::fromStdString(history)});
  say(tr("working…"));
}

void UltrasoundPage::take_report(const QString& problem) {
  Study* of = study();
  if (!problem.isEmpty() || !of) {
    const QString why = report_process_.errors().section('\n', -1).trimmed();
    return say(why.isEmpty() ? problem : why, true);
  }
  try {
    const Json json = ultrasound_json(report_line_);
    if (json.contains("error"))
      throw Error(json["error"].value("message", std::string("the report was not made")));
    if (json.contains("files") && json["files"].contains("json"))
      of->report_file = QString::fromStdString(json["files"]["json"].get<std::string>());
    if (!of->report_file.isEmpty()) of->report = load_report(of->report_file);
    say(report_task_);
  } catch (const std::exception& e) {
    say(QString::fromUtf8(e.what()), true);
  }
  list();
  show_report();
}

void UltrasoundPage::draft(const QStringList& more) {
  Study* of = study();
  if (!of) return say(tr("Open a file first"), true);
  if (const QString wrong = form_->problem(); !wrong.isEmpty()) return say(wrong, true);
  QStringList words = form_->command().mid(1);
  words << of->file << "--out" << report_folder(*of) << more;
  run_report(words, tr("drafted"));
}

QString UltrasoundPage::reader(const QString& what_for) {
  const QString name = reader_->text().trimmed();
  if (!name.isEmpty()) return name;
  reader_->setFocus();
  say(what_for, true);
  return {};
}

void UltrasoundPage::keep() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to change"), true);
  const QString name = reader(tr("Who edits? Write your name below the report"));
  if (name.isEmpty()) return;
  const QStringList changes = report_panel_->changes();
  if (changes.isEmpty()) return say(tr("Nothing was changed"));
  run_report(QStringList{"edit", of->report_file, "--reader", name} + changes, tr("kept"));
}

void UltrasoundPage::sign() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to sign"), true);
  const QString name = reader(tr("Who signs? Write your name below the report"));
  if (name.isEmpty()) return;
  if (!report_panel_->changes().isEmpty())
    return say(tr("Keep your changes first: what is signed is what is kept"), true);
  run_report({"sign", of->report_file, "--reader", name}, tr("signed"));
}

void UltrasoundPage::export_report() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to export"), true);
  run_report({"export", of->report_file, "--format", "text,pdf,sr,fhir", "--images", of->file},
             tr("text, PDF, SR and FHIR are beside %1").arg(of->report_file));
}

}  // namespace conclave::ui
