#include "ui/runs/run_inspector.h"

#include <QDir>
#include <QFontDatabase>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTimer>
#include <algorithm>

#include "framework/history/queue.h"
#include "ui/data/format.h"
#include "ui/data/log_view.h"
#include "ui/data/table_view.h"
#include "ui/runs/file_preview.h"
#include "ui/runs/history_edit.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kNotePauseMs = 800;
constexpr int kShownCharacters = 4000;

QString text_of(const std::string& text) {
  return QString::fromStdString(text).left(kShownCharacters);
}

// Where it ran, on what, and from which sources.
std::vector<TextTableModel::Row> environment_rows(const RunDetail& run) {
  std::vector<TextTableModel::Row> rows;
  const auto add = [&](const QString& name, const QString& value) {
    if (!value.isEmpty()) rows.push_back({{name, value}});
  };
  add(RunInspector::tr("host"), text_of(run.host));
  add(RunInspector::tr("folder"), text_of(run.folder));
  add(RunInspector::tr("version"), text_of(run.version));
  add(RunInspector::tr("commit"), text_of(run.git_sha));
  add(RunInspector::tr("seed"), text_of(run.seed));
  add(RunInspector::tr("process"), run.pid > 0 ? QString::number(run.pid) : QString());
  if (run.machine.is_object())
    for (const auto& [key, value] : run.machine.items())
      add(text_of(key), key.ends_with("_bytes") && value.is_number_integer() ? size_text(value.get<int64_t>())
                                                                             : json_text(value));
  return rows;
}

QLabel* wrapping(bool selectable = true) {
  auto* label = new QLabel;
  label->setWordWrap(true);
  if (selectable) label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  label->setFocusPolicy(Qt::NoFocus);
  label->setTextFormat(Qt::PlainText);
  return label;
}

}  // namespace

RunInspector::RunInspector(Context& context, QUndoStack& undo, QWidget* parent)
    : QWidget(parent),
      context_(context),
      undo_(undo),
      stack_(new QStackedWidget),
      empty_(wrapping(false)),
      headline_(wrapping()),
      facts_(wrapping()),
      trouble_(wrapping()),
      repeat_(wrapping()),
      name_(new QLineEdit),
      tags_(new QLineEdit),
      note_(new QPlainTextEdit),
      note_timer_(new QTimer(this)),
      log_(new LogView(tr("Log of the run"))),
      preview_(new FilePreview(context.history)),
      params_({tr("Parameter"), tr("Value"), tr("From")}),
      metrics_({tr("Metric"), tr("Last"), tr("Low"), tr("High"), tr("Step")}, {1, 2, 3, 4}),
      files_({tr("File"), tr("Kind"), tr("Size"), tr("SHA-256")}, {2}),
      events_({tr("When"), tr("Level"), tr("What")}),
      environment_({tr("Environment"), tr("Value")}) {
  setObjectName("inspector");
  setMinimumWidth(300);
  build();
  connect(name_, &QLineEdit::editingFinished, this, &RunInspector::save_name);
  connect(tags_, &QLineEdit::editingFinished, this, &RunInspector::save_tags);
  note_timer_->setSingleShot(true);
  connect(note_timer_, &QTimer::timeout, this, &RunInspector::save_note);
  connect(note_, &QPlainTextEdit::textChanged, this, [this] {
    if (note_->hasFocus()) note_timer_->start(kNotePauseMs);
  });
  show_run(0);
}

void RunInspector::build() {
  auto* card = new QFrame;
  card->setObjectName("card");
  auto* inside = new QVBoxLayout(card);
  inside->setSpacing(8);
  headline_->setObjectName("heading");
  facts_->setForegroundRole(QPalette::PlaceholderText);
  trouble_->setStyleSheet(QString("color: %1").arg(status_color("failed").name()));
  name_->setPlaceholderText(tr("Name this run"));
  name_->setAccessibleName(tr("Name"));
  name_->setObjectName("run.name");
  tags_->setPlaceholderText(tr("Tags, with commas between"));
  tags_->setAccessibleName(tr("Tags"));
  tags_->setObjectName("run.tags");
  note_->setPlaceholderText(tr("A note: what was tried, what was learnt"));
  note_->setAccessibleName(tr("Note"));
  note_->setObjectName("run.note");
  note_->setMaximumHeight(72);
  note_->setTabChangesFocus(true);
  repeat_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  repeat_->setAccessibleName(tr("The command line that repeats it"));

  auto* tabs = new QTabWidget;
  tabs->setObjectName("run.tabs");
  tabs->setDocumentMode(true);
  tabs->setStyleSheet("QTabBar::tab { padding: 6px 7px; }");  // so that all six are seen
  const std::pair<QString, TextTableModel*> tables[] = {{tr("Metrics"), &metrics_},
                                                        {tr("Parameters"), &params_},
                                                        {tr("Files"), &files_},
                                                        {tr("Events"), &events_},
                                                        {tr("Environment"), &environment_}};
  for (const auto& [title, model] : tables) {
    QTableView* table = make_table(model, title);
    table->setObjectName("run.table." + title);
    table->setStyleSheet("QTableView { border: none; }");
    table->horizontalHeader()->setDefaultSectionSize(69);
    table->setColumnWidth(0, 104);
    if (model == &metrics_) table->setTextElideMode(Qt::ElideMiddle);  // of a name both ends tell
    if (model == &params_) table->setColumnWidth(1, 110);
    if (model == &events_) table->setColumnWidth(0, 66);
    if (model != &files_) {
      tabs->addTab(table, title);
      continue;
    }
    auto* files = new QSplitter(Qt::Vertical);
    files->addWidget(table);
    files->addWidget(preview_);
    files->setSizes({100, 200});
    tabs->addTab(files, title);
    files_view_ = table;
    table->setTextElideMode(Qt::ElideLeft);  // of a path the end tells most
    connect(table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &RunInspector::preview_file);
  }
  log_->setObjectName("run.log");
  log_->setStyleSheet("QPlainTextEdit { border: none; }");
  tabs->addTab(log_, tr("Log"));
  for (QWidget* widget : std::initializer_list<QWidget*>{headline_, facts_, trouble_, name_, tags_, note_})
    inside->addWidget(widget);
  inside->addWidget(tabs, 1);
  auto* repeat_title = new QLabel(tr("Repeat it"));
  repeat_title->setObjectName("heading");
  inside->addWidget(repeat_title);
  inside->addWidget(repeat_);

  auto* nothing = new QFrame;
  nothing->setObjectName("card");
  auto* nothing_layout = new QVBoxLayout(nothing);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  nothing_layout->addWidget(empty_);
  stack_->addWidget(nothing);
  stack_->addWidget(card);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(stack_);
}

void RunInspector::show_run(int64_t run) {
  if (run != run_) save_note();
  run_ = run;
  if (run == 0) {
    empty_->setText(tr("Choose a run to see what it was told and what came of it."));
    stack_->setCurrentIndex(0);
    busy_ = false;
    return;
  }
  refresh();
}

void RunInspector::refresh() {
  if (run_ == 0) return;
  busy_ = true;
  context_.history.ask(
      this, question_,
      [run = run_](const Store& store) {
        Shown shown{store.show(run), {}, {}};
        const auto job = Queue(store).started_run(shown.run.uuid);
        if (job) shown.log = job->log;
        if (job) shown.log_end = log_end(job->log);
        return shown;
      },
      [this](const Answer<Shown>& answer) {
        busy_ = false;
        if (!answer.value) {
          empty_->setText(tr("This run cannot be shown: %1").arg(answer.error));
          stack_->setCurrentIndex(0);
          return;
        }
        fill(*answer.value);
        Q_EMIT shown(answer.value->run);
      });
}

bool RunInspector::settled() const {
  return !busy_ && preview_->settled();
}

void RunInspector::preview_file(const QModelIndex& row) {
  const auto at = static_cast<size_t>(row.row());
  if (!row.isValid() || at >= detail_.artifacts.size()) return preview_->show_file({}, 0);
  const RunArtifact& file = detail_.artifacts[at];
  const QDir folder(QString::fromStdString(detail_.folder));  // of paths that are not absolute
  preview_->show_file(folder.absoluteFilePath(QString::fromStdString(file.path)), file.size);
}

void RunInspector::fill(const Shown& shown) {
  const RunDetail& run = shown.run;
  const bool same = run.id == detail_.id;
  detail_ = run;
  stack_->setCurrentIndex(1);
  headline_->setText(tr("Run %1: %2").arg(run.id).arg(text_of(run.app + " " + run.verb)));
  QStringList facts{status_text(run.status), time_text(run.started_ms), duration_text(run.seconds())};
  if (!run.host.empty()) facts << text_of(run.host);
  if (!run.git_sha.empty()) facts << text_of(run.git_sha.substr(0, 10));
  if (!run.seed.empty()) facts << tr("seed %1").arg(text_of(run.seed));
  facts_->setText(facts.join("  ·  "));
  trouble_->setVisible(!run.message.empty());
  trouble_->setText(text_of(run.message));
  if (!same || !name_->hasFocus()) name_->setText(text_of(run.name));
  QStringList tags;
  for (const auto& tag : run.tags) tags << QString::fromStdString(tag);
  if (!same || !tags_->hasFocus()) tags_->setText(tags.join(", "));
  if (!same || !note_->hasFocus()) note_->setPlainText(QString::fromStdString(run.note));
  repeat_->setText(shell_text(run.argv).left(kShownCharacters));

  std::vector<TextTableModel::Row> rows;
  for (const RunParam& param : run.params)
    rows.push_back(
        {{text_of(param.key), json_text(param.value), text_of(param.source)}, param.source != "default"});
  params_.set_rows(std::move(rows));
  rows.clear();
  for (const MetricSummary& metric : run.metrics)
    rows.push_back({{text_of(metric.name), number_text(metric.last), number_text(metric.low),
                     number_text(metric.high), count_text(metric.step)},
                    !metric.goal.empty()});
  metrics_.set_rows(std::move(rows));
  rows.clear();
  for (const RunArtifact& file : run.artifacts)
    rows.push_back(
        {{text_of(file.path), tr(file.direction == "input" ? "in: %1" : "out: %1").arg(text_of(file.kind)),
          size_text(file.size), text_of(file.sha256)}});
  files_.set_rows(std::move(rows));
  if (!same) preview_file(files_view_->currentIndex());
  environment_.set_rows(environment_rows(run));
  log_->show_text(!shown.log ? tr("What a run writes is kept when the queue starts it (page Queue).")
                  : shown.log_end.isEmpty() ? tr("%1 is empty").arg(text_of(*shown.log))
                                            : shown.log_end);
  rows.clear();
  for (const RunEvent& event : run.events)
    rows.push_back(
        {{time_text(event.time_ms), text_of(event.level), text_of(event.text)}, event.level == "error"});
  events_.set_rows(std::move(rows));
}

void RunInspector::edit(const QString& what, std::function<void(Store&)> forward,
                        std::function<void(Store&)> back) {
  undo_.push(new HistoryEdit(context_.history, what, std::move(forward), std::move(back),
                             [this](const QString& error) { Q_EMIT failed(error); }));
}

void RunInspector::save_name() {
  const std::string before = detail_.name, now = name_->text().trimmed().toStdString();
  if (detail_.id != run_ || now == before) return;
  detail_.name = now;
  const auto set = [run = run_](const std::string& name) {
    return [run, name](Store& store) { store.set_name(run, name); };
  };
  edit(tr("name of run %1").arg(run_), set(now), set(before));
}

void RunInspector::save_tags() {
  if (detail_.id != run_) return;
  std::vector<std::string> now;
  for (const QString& word : tags_->text().split(',', Qt::SkipEmptyParts))
    if (!word.trimmed().isEmpty()) now.push_back(word.trimmed().toStdString());
  std::sort(now.begin(), now.end());
  now.erase(std::unique(now.begin(), now.end()), now.end());
  std::vector<std::string> before = detail_.tags;
  std::sort(before.begin(), before.end());
  if (now == before) return;
  detail_.tags = now;
  const auto change = [run = run_](std::vector<std::string> from, std::vector<std::string> to) {
    return [=](Store& store) {
      for (const auto& tag : from)
        if (!std::count(to.begin(), to.end(), tag)) store.remove_tag(run, tag);
      for (const auto& tag : to)
        if (!std::count(from.begin(), from.end(), tag)) store.add_tag(run, tag);
    };
  };
  edit(tr("tags of run %1").arg(run_), change(before, now), change(now, before));
}

void RunInspector::save_note() {
  note_timer_->stop();
  const std::string before = detail_.note, now = note_->toPlainText().toStdString();
  if (run_ == 0 || detail_.id != run_ || now == before) return;
  detail_.note = now;
  const auto set = [run = run_](const std::string& text) {
    return [run, text](Store& store) { store.set_note(run, text); };
  };
  edit(tr("note of run %1").arg(run_), set(now), set(before));
}

}  // namespace conclave::ui
