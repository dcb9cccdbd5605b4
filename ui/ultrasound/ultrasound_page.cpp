#include "ui/ultrasound/ultrasound_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDirIterator>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QTabWidget>
#include <QTableView>
#include <QTimer>

#include "framework/base/error.h"
#include "framework/base/paths.h"
#include "ui/data/table_view.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"
#include "ui/ultrasound/frame_viewer.h"
#include "ui/vqa/picture_canvas.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kMostFiles = 1000;
constexpr qint64 kMostReportBytes = 64 << 20;
constexpr int kFramesAtOnce = 40;
constexpr size_t kMostCineFrames = 400;
constexpr double kUsualFrameMs = 66;

// Values are chosen out of the lexicon.
class ValueDelegate : public QStyledItemDelegate {
 public:
  using Values = std::function<QStringList(int row)>;
  ValueDelegate(Values values, QObject* parent) : QStyledItemDelegate(parent), values_(std::move(values)) {}
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                        const QModelIndex& index) const override {
    const QStringList values = values_(index.row());
    if (values.isEmpty()) return QStyledItemDelegate::createEditor(parent, option, index);
    auto* box = new QComboBox(parent);
    box->addItem("");  // open
    box->addItems(values);
    return box;
  }
  void setEditorData(QWidget* editor, const QModelIndex& index) const override {
    if (auto* box = qobject_cast<QComboBox*>(editor))
      box->setCurrentText(index.data(Qt::EditRole).toString());
    else
      QStyledItemDelegate::setEditorData(editor, index);
  }
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override {
    if (auto* box = qobject_cast<QComboBox*>(editor))
      model->setData(index, box->currentText(), Qt::EditRole);
    else
      QStyledItemDelegate::setModelData(editor, model, index);
  }

 private:
  Values values_;
};

bool is_plain_picture(const QString& file) {
  const QString suffix = QFileInfo(file).suffix().toLower();
  return QStringList{"png", "jpg", "jpeg", "webp", "ppm", "bmp"}.contains(suffix);
}

Json line_json(const QByteArray& line) {
  return parse_json({line.constData(), static_cast<size_t>(line.size())}, "conclave-ultrasound");
}

}  // namespace

PageInfo UltrasoundPage::info() {
  return {"ultrasound", tr("Ultrasound"), "scan"};
}

UltrasoundPage::UltrasoundPage(Context& context)
    : Page(info(), context),
      files_({tr("File"), tr("Report")}),
      steps_({tr("State"), tr("By"), tr("What changed")}),
      form_(new VerbForm(
          "conclave-ultrasound", "report", {"organ", "mm-per-pixel", "ga-weeks", "language", "model"},
          {"INPUT", "list", "out", "format", "json", "history", "config", "dry-run", "quiet"})),
      viewer_(new FrameViewer),
      file_table_(make_table(&files_, tr("Studies"))),
      field_table_(make_table(&fields_, tr("Fields"))),
      step_table_(make_table(&steps_, tr("From draft to signed"))),
      cine_bar_(new QSlider(Qt::Horizontal)),
      window_bar_(new QSlider(Qt::Horizontal)),
      level_bar_(new QSlider(Qt::Horizontal)),
      frame_label_(new QLabel),
      length_label_(new QLabel),
      state_(new QLabel),
      about_(new QLabel),
      overlay_(new QCheckBox(tr("Outline"))),
      findings_(new QPlainTextEdit),
      impression_(new QPlainTextEdit),
      reader_(new QLineEdit),
      tabs_(new QTabWidget),
      cine_timer_(new QTimer(this)) {
  build();
  add_actions();
  setAcceptDrops(true);
  connect(&frame_process_, &LineProcess::line, this, [this](const QByteArray& line) { frame_line_ = line; });
  connect(&frame_process_, &LineProcess::ended, this,
          [this](int, const QString& problem) { take_frames(problem); });
  connect(&length_process_, &LineProcess::line, this,
          [this](const QByteArray& line) { length_line_ = line; });
  connect(&length_process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    try {
      require(problem.isEmpty(), "{}", length_process_.errors().section('\n', -1).toStdString());
      const Json json = line_json(length_line_);
      const bool mm = json.at("mm").is_number();
      const double pixels = json.at("pixels").get<double>();
      const QString text =
          mm ? tr("%1 mm (%2 px)").arg(json.at("mm").get<double>(), 0, 'f', 2).arg(pixels, 0, 'f', 1)
             : tr("%1 px").arg(pixels, 0, 'f', 1);
      const QString reason = QString::fromStdString(json.value("reason", std::string()));
      viewer_->set_length(text, mm);
      length_label_->setText(mm ? text : tr("%1; not in mm: %2").arg(text, reason));
    } catch (const std::exception& e) {
      say(QString::fromUtf8(e.what()), true);
    }
  });
  connect(&report_process_, &LineProcess::line, this,
          [this](const QByteArray& line) { report_line_ = line; });
  connect(&report_process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    Study* of = study();
    if (!problem.isEmpty() || !of) {
      const QString why = report_process_.errors().section('\n', -1).trimmed();
      return say(why.isEmpty() ? problem : why, true);
    }
    try {
      const Json json = line_json(report_line_);
      if (json.contains("error"))
        throw Error(json["error"].value("message", std::string("the report was not made")));
      if (json.contains("files") && json["files"].contains("json"))
        of->report_file = QString::fromStdString(json["files"]["json"].get<std::string>());
      read_report(*of);
      say(report_task_);
    } catch (const std::exception& e) {
      say(QString::fromUtf8(e.what()), true);
    }
    list();
    show_report();
  });
  connect(&lexicon_process_, &LineProcess::line, this, [this](const QByteArray& line) {
    try {
      add_to_lexicon(lexicon_, line);
    } catch (const std::exception&) {  // then values are typed
    }
  });
  connect(viewer_, &FrameViewer::measured, this, &UltrasoundPage::measure);
  connect(cine_timer_, &QTimer::timeout, this, [this] {
    if (Study* of = study(); of && of->frames > 1)
      cine_bar_->setValue(static_cast<int>((frame_ + 1) % of->frames));
  });
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
  split->addWidget(make_middle());
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
  connect(file_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& now) { choose(now.row()); });
  auto* heading = new QLabel(tr("Draft with"));
  heading->setObjectName("heading");
  auto* left = new QWidget;
  left->setMinimumWidth(150);
  auto* layout = new QVBoxLayout(left);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(file_table_, 1);
  layout->addWidget(heading);
  layout->addWidget(form_, 1);
  connect(form_, &VerbForm::changed, this, [this] {
    Study* of = study();
    if (of && of->report_file.isEmpty()) set_command(form_->command() << of->file);
  });
  return left;
}

QWidget* UltrasoundPage::make_middle() {
  const auto bar = [](QSlider* slider, const QString& name, int low, int high, int value) {
    slider->setRange(low, high);
    slider->setValue(value);
    slider->setAccessibleName(name);
    slider->setMinimumWidth(40);
    return new QLabel(name);
  };
  cine_bar_->setObjectName("ultrasound.cine");
  window_bar_->setObjectName("ultrasound.window");
  level_bar_->setObjectName("ultrasound.level");
  overlay_->setObjectName("ultrasound.overlay");
  overlay_->setChecked(true);
  connect(overlay_, &QCheckBox::toggled, viewer_, &FrameViewer::set_overlay);
  auto* tools = new QHBoxLayout;
  tools->addWidget(bar(window_bar_, tr("Window"), 1, 512, 256));
  tools->addWidget(window_bar_, 1);
  tools->addWidget(bar(level_bar_, tr("Level"), 0, 255, 128));
  tools->addWidget(level_bar_, 1);
  for (QSlider* slider : {window_bar_, level_bar_})
    connect(slider, &QSlider::valueChanged, this, [this] {
      if (window_bar_->value() != static_cast<int>(viewer_->window()) ||
          level_bar_->value() != static_cast<int>(viewer_->level()))
        viewer_->set_window(window_bar_->value(), level_bar_->value());
    });
  connect(viewer_, &FrameViewer::window_changed, this, [this] {
    const QSignalBlocker quiet_window(window_bar_), quiet_level(level_bar_);
    window_bar_->setValue(static_cast<int>(viewer_->window()));
    level_bar_->setValue(static_cast<int>(viewer_->level()));
  });
  auto* cine = new QHBoxLayout;
  cine->addWidget(bar(cine_bar_, tr("Frame"), 0, 0, 0));
  cine->addWidget(cine_bar_, 1);
  cine->addWidget(frame_label_);
  cine->addWidget(overlay_);
  connect(cine_bar_, &QSlider::valueChanged, this, [this](int frame) { show_frame(frame); });
  length_label_->setObjectName("ultrasound.length");
  length_label_->setWordWrap(true);
  length_label_->setText(tr("Drag to measure; right button: window and level; wheel: zoom; Shift: move"));
  auto* middle = new QWidget;
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(viewer_, 1);
  layout->addLayout(cine);
  layout->addLayout(tools);
  layout->addWidget(length_label_);
  return middle;
}

QWidget* UltrasoundPage::make_right() {
  about_->setObjectName("ultrasound.about");
  about_->setWordWrap(true);
  field_table_->setObjectName("ultrasound.fields");
  field_table_->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                                QAbstractItemView::SelectedClicked);
  field_table_->setItemDelegateForColumn(
      1, new ValueDelegate(
             [this](int row) {
               const ReportView* shown = report();
               return shown ? lexicon_.value(shown->organ + "." + fields_.at(row).name) : QStringList();
             },
             field_table_));
  field_table_->setColumnWidth(0, 120);
  field_table_->setColumnWidth(1, 120);
  findings_->setObjectName("ultrasound.findings");
  findings_->setAccessibleName(tr("Findings"));
  impression_->setObjectName("ultrasound.impression");
  impression_->setAccessibleName(tr("Impression"));
  step_table_->setObjectName("ultrasound.steps");
  step_table_->setColumnWidth(0, 70);
  step_table_->setColumnWidth(1, 90);
  reader_->setObjectName("ultrasound.reader");
  reader_->setPlaceholderText(tr("Your name, to edit and sign"));
  reader_->setAccessibleName(tr("Reader"));
  reader_->setText(context_.preferences.value("ultrasound/reader").toString());
  connect(reader_, &QLineEdit::textChanged, this,
          [this](const QString& name) { context_.preferences.setValue("ultrasound/reader", name); });
  auto* texts = new QWidget;
  auto* texts_layout = new QVBoxLayout(texts);
  texts_layout->setContentsMargins(0, 8, 0, 0);
  texts_layout->addWidget(field_table_, 2);
  texts_layout->addWidget(new QLabel(tr("Findings")));
  texts_layout->addWidget(findings_, 2);
  texts_layout->addWidget(new QLabel(tr("Impression")));
  texts_layout->addWidget(impression_, 1);
  tabs_->setObjectName("ultrasound.tabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(texts, tr("Report"));
  tabs_->addTab(step_table_, tr("What changed"));
  auto* right = new QWidget;
  right->setMinimumWidth(220);
  auto* layout = new QVBoxLayout(right);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(about_);
  layout->addWidget(tabs_, 1);
  layout->addWidget(reader_);
  return right;
}

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
  QAction* cine = add_action("play", tr("Play the clip"), QKeySequence("Ctrl+P"),
                             [this] { play(context_.actions.find("ultrasound.play")->isChecked()); });
  cine->setCheckable(true);
  add_action("next", tr("Next frame"), QKeySequence("Ctrl+Right"),
             [this] { cine_bar_->setValue(cine_bar_->value() + 1); });
  add_action("previous", tr("Frame before"), QKeySequence("Ctrl+Left"),
             [this] { cine_bar_->setValue(cine_bar_->value() - 1); });
  add_action("all", tr("Show the whole frame"), QKeySequence("Ctrl+0"), [this] { viewer_->show_all(); });
  add_action("levels", tr("Grey levels as they are"), {}, [this] { viewer_->set_window(256, 128); });
  add_action("cancel", tr("Cancel"), QKeySequence("Esc"), [this] { report_process_.cancel(); });
  add_action("take", tr("Take the picture along"), QKeySequence("Ctrl+S"), [this] {
    const QString file = ask_export_file(this, "frame.png", "png svg pdf");
    if (file.isEmpty()) return;
    const QSize size = viewer_->size();
    const QString error = export_drawing(
        size, [&](QPainter& painter) { viewer_->draw(painter, size); }, file);
    say(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
  });
}

void UltrasoundPage::refresh() {
  form_->prepare();
  const QString program = find_program("conclave-ultrasound");
  if (lexicon_.isEmpty() && !program.isEmpty() && !lexicon_process_.running())
    lexicon_process_.start(program, {"inspect", "lexicon", "--json"});
}

bool UltrasoundPage::settled() const {
  return form_->settled() && !frame_process_.running() && !length_process_.running() &&
         !report_process_.running() && !lexicon_process_.running();
}

QWidget* UltrasoundPage::first_focus() {
  return file_table_;
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

QStringList UltrasoundPage::history_words() const {
  return {"--history", QString::fromStdString(std::filesystem::absolute(context_.history.path()).string())};
}

void UltrasoundPage::open(const QStringList& paths) {
  QStringList files;
  for (const QString& path : paths) {
    if (!QFileInfo(path).isDir()) {
      files << path;
      continue;
    }
    QDirIterator inside(path, QDir::Files, QDirIterator::Subdirectories);
    while (inside.hasNext() && files.size() < kMostFiles) files << inside.next();
  }
  files = files.mid(0, kMostFiles);
  files.sort();
  studies_.clear();
  for (const QString& file : files) studies_.push_back({file, 1, 0, {}, {}});
  chosen_ = -1;
  list();
  if (!studies_.empty()) choose_row(*file_table_, 0);
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
  play(false);
  cine_.clear();
  viewer_->set_frame({});
  frame_ = 0;
  {
    const QSignalBlocker quiet(cine_bar_);
    cine_bar_->setRange(0, 0);
  }
  say({});
  show_report();
  if (study()) show_frame(0);
}

void UltrasoundPage::show_frame(int64_t frame) {
  Study* of = study();
  if (!of) return;
  wanted_frame_ = frame;
  if (const auto at_hand = cine_.find(frame); at_hand != cine_.end()) {
    frame_ = frame;
    viewer_->set_frame(at_hand->second);
    frame_label_->setText(tr("%1 of %2").arg(frame + 1).arg(of->frames));
    return;
  }
  if (is_plain_picture(of->file)) {
    QString problem;
    if (const QImage picture = read_picture(of->file, problem); !picture.isNull()) {
      cine_[0] = picture;
      return show_frame(0);
    }
  }
  if (frame_process_.running()) return;
  const QString program = find_program("conclave-ultrasound");
  if (program.isEmpty())
    return say(tr("conclave-ultrasound is neither beside this program nor on PATH"), true);
  frame_line_.clear();
  frame_process_.start(
      program, {"frames", of->file, "--out", folder_.filePath("frames"), "--first", QString::number(frame),
                "--count", QString::number(kFramesAtOnce), "--json"});
}

void UltrasoundPage::take_frames(const QString& problem) {
  Study* of = study();
  if (!of) return;
  try {
    if (!problem.isEmpty()) throw Error(frame_process_.errors().section('\n', -1).toStdString());
    const Json json = line_json(frame_line_);
    if (json.at("file").get<std::string>() != of->file.toStdString()) return show_frame(wanted_frame_);
    of->frames = json.at("frames").get<int64_t>();
    of->frame_ms = json.at("frame_ms").get<double>();
    if (cine_.size() > kMostCineFrames) cine_.clear();
    auto at = json.at("first").get<int64_t>();
    for (const Json& file : json.at("written")) {
      const QString name = QString::fromStdString(file.get<std::string>());
      cine_[at++] = QImage(name);
      QFile::remove(name);
    }
    const QSignalBlocker quiet(cine_bar_);
    cine_bar_->setRange(0, static_cast<int>(of->frames - 1));
    if (cine_.count(wanted_frame_)) show_frame(wanted_frame_);
  } catch (const std::exception& e) {
    say(QString::fromUtf8(e.what()), true);
  }
}

void UltrasoundPage::play(bool playing) {
  Study* of = study();
  const bool can = playing && of && of->frames > 1;
  context_.actions.find("ultrasound.play")->setChecked(can);
  if (can)
    cine_timer_->start(static_cast<int>(of->frame_ms > 0 ? of->frame_ms : kUsualFrameMs));
  else
    cine_timer_->stop();
}

void UltrasoundPage::measure(QPointF from, QPointF to) {
  Study* of = study();
  if (!of || length_process_.running()) return;
  const auto point = [](QPointF p) { return QString("%1,%2").arg(p.x(), 0, 'f', 1).arg(p.y(), 0, 'f', 1); };
  QStringList words{"measure", of->file,  "--from",  point(from),
                    "--to",    point(to), "--frame", QString::number(frame_)};
  if (const Json mm = form_->value("mm-per-pixel"); mm.is_number())
    words << "--mm-per-pixel" << QString::number(mm.get<double>());
  set_command(QStringList("conclave-ultrasound") + words);
  length_label_->setText(tr("measuring…"));
  length_line_.clear();
  length_process_.start(find_program("conclave-ultrasound"), words << "--json");
}

void UltrasoundPage::run_report(const QStringList& words, const QString& what) {
  if (report_process_.running()) return;
  const QString program = find_program("conclave-ultrasound");
  if (program.isEmpty())
    return say(tr("conclave-ultrasound is neither beside this program nor on PATH"), true);
  set_command(QStringList("conclave-ultrasound") + words);
  report_task_ = what;
  report_line_.clear();
  report_process_.start(program, words + QStringList{"--json"} + history_words());
  say(tr("working…"));
}

void UltrasoundPage::draft() {
  Study* of = study();
  if (!of) return say(tr("Open a file first"), true);
  if (const QString wrong = form_->problem(); !wrong.isEmpty()) return say(wrong, true);
  const QString out = QFileInfo(of->file).absolutePath() + "/reports";
  const bool writable = QFileInfo(QFileInfo(of->file).absolutePath()).isWritable();
  QStringList words = form_->command().mid(1);
  words << of->file << "--out" << (writable ? out : folder_.filePath("reports"));
  run_report(words, tr("drafted"));
}

void UltrasoundPage::keep() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to change"), true);
  if (reader_->text().trimmed().isEmpty()) {
    reader_->setFocus();
    return say(tr("Who edits? Write your name below the report"), true);
  }
  QStringList words{"edit", of->report_file, "--reader", reader_->text().trimmed()};
  const qsizetype before = words.size();
  for (const QString& change : fields_.changes()) words << "--set" << change;
  if (findings_->toPlainText() != of->report->findings) words << "--findings" << findings_->toPlainText();
  if (impression_->toPlainText() != of->report->impression)
    words << "--impression" << impression_->toPlainText();
  if (words.size() == before) return say(tr("Nothing was changed"));
  run_report(words, tr("kept"));
}

void UltrasoundPage::sign() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to sign"), true);
  if (reader_->text().trimmed().isEmpty()) {
    reader_->setFocus();
    return say(tr("Who signs? Write your name below the report"), true);
  }
  if (!fields_.changes().isEmpty() || findings_->toPlainText() != of->report->findings ||
      impression_->toPlainText() != of->report->impression)
    return say(tr("Keep your changes first: what is signed is what is kept"), true);
  run_report({"sign", of->report_file, "--reader", reader_->text().trimmed()}, tr("signed"));
}

void UltrasoundPage::export_report() {
  Study* of = study();
  if (!of || !of->report) return say(tr("There is no report to export"), true);
  run_report({"export", of->report_file, "--format", "text,pdf,sr,fhir", "--images", of->file},
             tr("text, PDF, SR and FHIR are beside %1").arg(of->report_file));
}

void UltrasoundPage::read_report(Study& of) {
  if (of.report_file.isEmpty()) return;
  QFile file(of.report_file);
  if (!file.open(QIODevice::ReadOnly)) throw DataError(of.report_file.toStdString(), "", "cannot be read");
  if (file.size() > kMostReportBytes)
    throw DataError(of.report_file.toStdString(), "", "is too large to be shown");
  of.report = parse_report(file.readAll(), of.report_file);
}

void UltrasoundPage::show_report() {
  const ReportView* shown = report();
  for (const char* id : {"ultrasound.keep", "ultrasound.sign", "ultrasound.export"})
    context_.actions.find(id)->setVisible(shown != nullptr);
  tabs_->setEnabled(shown);
  fields_.set_fields(shown ? shown->fields : std::vector<ReportField>());
  findings_->setPlainText(shown ? shown->findings : "");
  impression_->setPlainText(shown ? shown->impression : "");
  viewer_->set_report(shown ? shown->masks : std::vector<QImage>(),
                      shown ? shown->ellipses : std::vector<ReportEllipse>());
  std::vector<TextTableModel::Row> rows;
  QString text = tr("No report yet: “Draft a report” makes one.");
  if (shown) {
    text = tr("%1, by %2").arg(shown->state, shown->model.isEmpty() ? tr("a reader") : shown->model);
    if (shown->abstained) text += "\n" + tr("the model abstains: %1").arg(shown->reason);
    if (!shown->measurements.isEmpty()) text += "\n" + shown->measurements.join("; ");
    if (!shown->categories.isEmpty()) text += "\n" + shown->categories.join("; ");
    for (const ReportStep& step : shown->steps)
      rows.push_back({{step.state, step.by, step.changes.join("; ")}, step.state == "signed"});
  }
  about_->setText(text);
  steps_.set_rows(std::move(rows));
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
