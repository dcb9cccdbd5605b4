#include "ui/ultrasound/ultrasound_page.h"

#include <QDir>
#include <QDirIterator>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>

#include "framework/base/error.h"
#include "framework/base/paths.h"
#include "ui/data/table_view.h"
#include "ui/process/programs.h"
#include "ui/ultrasound/frame_panel.h"
#include "ui/ultrasound/readers_panel.h"
#include "ui/ultrasound/report_panel.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kMostFiles = 1000;

}  // namespace

PageInfo UltrasoundPage::info() {
  return {"ultrasound", tr("Ultrasound"), "scan"};
}

UltrasoundPage::UltrasoundPage(Context& context)
    : Page(info(), context),
      files_({tr("File"), tr("Report")}),
      form_(new VerbForm(
          "conclave-ultrasound", "report", {"organ", "mm-per-pixel", "ga-weeks", "language", "model"},
          {"INPUT", "list", "out", "format", "json", "history", "config", "dry-run", "quiet"})),
      frames_(new FramePanel),
      report_panel_(new ReportPanel(lexicon_)),
      readers_(new ReadersPanel(lexicon_)),
      file_table_(make_table(&files_, tr("Studies"))),
      state_(new QLabel),
      reader_(new QLineEdit),
      tabs_(new QTabWidget) {
  build();
  connect_parts();
  add_actions();
  setAcceptDrops(true);
  set_command({"conclave-ultrasound", "report"});
  show_report();
}

void UltrasoundPage::build() {
  auto* banner = new QLabel(tr("Research use only, not for clinical use"));
  banner->setObjectName("ultrasound.banner");
  banner->setStyleSheet("color: #b35900; font-weight: 600;");
  auto* line = new QHBoxLayout;
  state_->setObjectName("ultrasound.state");
  line->addWidget(banner);
  line->addSpacing(16);
  line->addWidget(state_, 1);
  auto* split = new QSplitter;
  split->addWidget(make_left());
  split->addWidget(frames_);
  split->addWidget(make_right());
  split->setHandleWidth(12);
  split->setStretchFactor(1, 1);
  split->setSizes({230, 500, 340});
  body()->addLayout(line);
  body()->addWidget(split, 1);
}

QWidget* UltrasoundPage::make_left() {
  file_table_->setObjectName("ultrasound.files");
  file_table_->setColumnWidth(0, 150);
  auto* heading = new QLabel(tr("Draft with"));
  heading->setObjectName("heading");
  auto* left = new QWidget;
  left->setMinimumWidth(150);
  auto* layout = new QVBoxLayout(left);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(file_table_, 1);
  layout->addWidget(heading);
  layout->addWidget(form_, 1);
  return left;
}

QWidget* UltrasoundPage::make_right() {
  reader_->setObjectName("ultrasound.reader");
  reader_->setPlaceholderText(tr("Your name, to edit, sign and annotate"));
  reader_->setAccessibleName(tr("Reader"));
  reader_->setText(context_.preferences.value("ultrasound/reader").toString());
  readers_->set_reader(reader_->text());
  tabs_->setObjectName("ultrasound.right");
  tabs_->addTab(report_panel_, tr("Report"));
  tabs_->addTab(readers_, tr("Readers"));
  auto* right = new QWidget;
  right->setMinimumWidth(220);
  auto* layout = new QVBoxLayout(right);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(tabs_, 1);
  layout->addWidget(reader_);
  return right;
}

void UltrasoundPage::connect_parts() {
  const auto used = [this](const QStringList& words) {
    set_command(QStringList("conclave-ultrasound") + words);
  };
  connect(file_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& now) { choose(now.row()); });
  connect(form_, &VerbForm::changed, this, [this] {
    const Json mm = form_->value("mm-per-pixel");
    frames_->set_scale(mm.is_number() ? std::optional(mm.get<double>()) : std::nullopt);
    Study* of = study();
    if (of && of->report_file.isEmpty()) set_command(form_->command() << of->file);
  });
  connect(frames_, &FramePanel::said, this, &UltrasoundPage::say);
  connect(frames_, &FramePanel::command_used, this, used);
  connect(frames_, &FramePanel::frame_shown, this, [this] {
    readers_->set_picture_size(viewer().frame_size());
    show_marks();
  });
  connect(report_panel_, &ReportPanel::evidence_chosen, this, &UltrasoundPage::follow);
  connect(readers_, &ReadersPanel::said, this, &UltrasoundPage::say);
  connect(readers_, &ReadersPanel::command_used, this, used);
  connect(readers_, &ReadersPanel::marks_changed, this, &UltrasoundPage::show_marks);
  connect(readers_, &ReadersPanel::draft_wanted, this, [this](const QString& file) {
    draft({"--findings", file});
  });
  const auto annotate = [this](const QPolygonF& outline, bool is_box) {
    tabs_->setCurrentWidget(readers_);
    readers_->draw(frames_->frame(), outline, is_box);
    viewer().clear_drawn();
  };
  connect(&viewer(), &FrameViewer::outlined, this,
          [annotate](const QPolygonF& outline) { annotate(outline, false); });
  connect(&viewer(), &FrameViewer::boxed, this, [annotate](const QRectF& box) {
    annotate({{box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()}}, true);
  });
  // Beside the report an ellipse is measured alone.
  connect(&viewer(), &FrameViewer::ellipse_drawn, this, [this](const ReportEllipse& ellipse) {
    if (tabs_->currentWidget() == readers_) readers_->draw(frames_->frame(), polygon_of(ellipse), false);
  });
  connect(reader_, &QLineEdit::textChanged, this, [this](const QString& name) {
    context_.preferences.setValue("ultrasound/reader", name);
    readers_->set_reader(name);
  });
  connect(&report_process_, &LineProcess::line, this,
          [this](const QByteArray& line) { report_line_ = line; });
  connect(&report_process_, &LineProcess::ended, this,
          [this](int, const QString& problem) { take_report(problem); });
  connect(&lexicon_process_, &LineProcess::line, this, [this](const QByteArray& line) {
    try {
      add_to_lexicon(lexicon_, line);
    } catch (const std::exception&) {  // then values are typed
    }
  });
  connect(&lexicon_process_, &LineProcess::ended, this,
          [this] { readers_->offer_organs(report() ? report()->organ : QString()); });
}

void UltrasoundPage::refresh() {
  form_->prepare();
  const QString program = find_program("conclave-ultrasound");
  if (lexicon_.fields.empty() && !program.isEmpty() && !lexicon_process_.running())
    lexicon_process_.start(program, {"inspect", "lexicon", "--json"});
}

bool UltrasoundPage::settled() const {
  return form_->settled() && frames_->settled() && readers_->settled() && !report_process_.running() &&
         !lexicon_process_.running();
}

QWidget* UltrasoundPage::first_focus() {
  return file_table_;
}

FrameViewer& UltrasoundPage::viewer() {
  return frames_->viewer();
}

FieldModel& UltrasoundPage::fields() {
  return report_panel_->fields();
}

UltrasoundPage::Study* UltrasoundPage::study() {
  return chosen_ >= 0 && chosen_ < static_cast<int>(studies_.size()) ? &studies_[static_cast<size_t>(chosen_)]
                                                                     : nullptr;
}

const ReportView* UltrasoundPage::report() const {
  if (chosen_ < 0 || chosen_ >= static_cast<int>(studies_.size())) return nullptr;
  const auto& shown = studies_[static_cast<size_t>(chosen_)].report;
  return shown ? &*shown : nullptr;
}

void UltrasoundPage::say(const QString& text, bool error) {
  state_->setText(error && !text.isEmpty() ? "⚠ " + text : text);
  Q_EMIT message(text, error);
}

void UltrasoundPage::open(const QStringList& paths) {
  QStringList files;
  for (const QString& path : paths) {
    if (!QFileInfo(path).isDir()) {
      files << path;
      continue;
    }
    QDirIterator inside(path, QDir::Files, QDirIterator::Subdirectories);
    while (inside.hasNext() && files.size() < kMostFiles) {
      const QString file = inside.next();
      if (!file.contains("/reports/")) files << file;  // what this page wrote itself
    }
  }
  files = files.mid(0, kMostFiles);
  files.sort();
  studies_.clear();
  for (const QString& file : files) find_report(studies_.emplace_back(Study{file, {}, {}}));
  chosen_ = -1;
  list();
  if (studies_.empty()) return;
  choose_row(*file_table_, 0);
  choose(0);  // the row may have been chosen before, for another file
}

// A copy, so that its report does not lie among the samples.
void UltrasoundPage::try_sample() {
  const QString sample = find_asset("samples") + "/breast-lesion.jpg";
  const QString folder = QString::fromStdString((data_home() / "samples").string());
  const QString copy = folder + "/breast-lesion.jpg";
  if (!QFile::exists(copy) && !(QDir().mkpath(folder) && QFile::copy(sample, copy)))
    return say(tr("The samples are not installed"), true);
  open({copy});
  form_->clear();
  form_->when_ready([this] { draft(); });
}

void UltrasoundPage::list() {
  std::vector<TextTableModel::Row> rows;
  for (const Study& of : studies_)
    rows.push_back({{QFileInfo(of.file).fileName(), of.report ? of.report->state : ""}, false});
  const int row = chosen_;
  const QSignalBlocker quiet(file_table_->selectionModel());
  files_.set_rows(std::move(rows));
  if (row >= 0) choose_row(*file_table_, row);
}

void UltrasoundPage::choose(int row) {
  if (row == chosen_) return;
  chosen_ = row;
  context_.actions.find("ultrasound.play")->setChecked(false);
  say({});
  Study* of = study();
  if (of) readers_->open(report_folder(*of), of->file);
  show_report();
  frames_->open(of ? of->file : QString());
}

void UltrasoundPage::follow(const std::optional<ReportEvidence>& evidence) {
  evidence_ = evidence;
  if (evidence) {
    const auto named = std::find_if(studies_.begin(), studies_.end(), [&](const Study& each) {
      return QFileInfo(each.file).fileName() == evidence->source;
    });
    const auto row = static_cast<int>(named - studies_.begin());
    if (named != studies_.end() && row != chosen_) choose_row(*file_table_, row);
    frames_->show_frame(evidence->frame);
  }
  show_marks();
}

void UltrasoundPage::show_report() {
  const ReportView* shown = report();
  for (const char* id : {"ultrasound.keep", "ultrasound.sign", "ultrasound.export"})
    context_.actions.find(id)->setVisible(shown != nullptr);
  report_panel_->show_report(shown);
  evidence_.reset();
  if (shown) readers_->offer_organs(shown->organ);
  show_marks();
}

void UltrasoundPage::show_marks() {
  FrameMarks marks;
  const ReportView* shown = report();
  const Study* of = study();
  if (shown && of)
    for (const QString& source : {QString(), QFileInfo(of->file).fileName()})
      if (const auto found = shown->marks.find({source, frames_->frame()}); found != shown->marks.end()) {
        const ReportMarks& more = found->second;
        marks.masks.insert(marks.masks.end(), more.masks.begin(), more.masks.end());
        marks.ellipses.insert(marks.ellipses.end(), more.ellipses.begin(), more.ellipses.end());
        marks.lines.insert(marks.lines.end(), more.lines.begin(), more.lines.end());
      }
  if (of) marks.readers = readers_->marks(frames_->frame());
  if (evidence_ && evidence_->frame == frames_->frame()) marks.evidence = evidence_->box;
  viewer().set_marks(std::move(marks));
}

void UltrasoundPage::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void UltrasoundPage::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  open(paths);
}

}  // namespace conclave::ui
