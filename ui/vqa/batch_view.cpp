#include "ui/vqa/batch_view.h"

#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>
#include <cmath>

#include "ui/data/beside.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/process/programs.h"
#include "ui/vqa/batch_input.h"

namespace conclave::ui {
namespace {

constexpr int kFlushMs = 100;

}  // namespace

BatchView::BatchView(Context& context, const ModelChooser& models, QWidget* parent)
    : QWidget(parent),
      context_(context),
      models_(models),
      path_label_(new QLabel),
      state_(new QLabel),
      question_(new QLineEdit),
      words_(new QLineEdit),
      kind_(new QComboBox),
      run_(new QPushButton(tr("Run"))),
      queue_(new QPushButton(tr("Queue ..."))),
      cancel_(new QPushButton(tr("Cancel"))),
      progress_(new QProgressBar),
      table_(make_table(&filter_, tr("Questions and answers of the batch"))) {
  filter_.setSourceModel(&answers_);
  filter_.setSortRole(BatchModel::kSortRole);
  build();
  flush_.setSingleShot(true);
  flush_.setInterval(kFlushMs);
  connect(&flush_, &QTimer::timeout, this, &BatchView::flush);
  connect(&process_, &LineProcess::line, this, &BatchView::take_line);
  connect(&process_, &LineProcess::line_too_long, this, [this] {
    VqaAnswer row;
    row.error = tr("What the program said is no answer: a line without an end.");
    put(std::move(row));
  });
  connect(&process_, &LineProcess::ended, this, &BatchView::on_end);
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& at) {
    const VqaAnswer& row = answers_.at(filter_.mapToSource(at).row());
    Q_EMIT opened(picture_files(answers_of_, row.images), row.question);
  });
  connect(&models, &ModelChooser::changed, this, &BatchView::command_changed);
  connect(question_, &QLineEdit::textChanged, this, &BatchView::command_changed);
  set_input({});
}

void BatchView::build() {
  setAcceptDrops(true);
  setFocusProxy(table_);
  table_->setObjectName("vqa.batch");
  table_->setSortingEnabled(true);
  table_->sortByColumn(-1, Qt::AscendingOrder);
  const int widths[] = {110, 160, 300, 130, 70, 110};
  for (int column = 0; column < static_cast<int>(std::size(widths)); ++column)
    table_->setColumnWidth(column, widths[column]);
  state_->setObjectName("vqa.batchState");
  state_->setWordWrap(true);
  state_->setForegroundRole(QPalette::PlaceholderText);
  progress_->setObjectName("vqa.batchProgress");
  progress_->setAccessibleName(tr("Questions answered"));
  progress_->setTextVisible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 8, 0, 0);
  all->addWidget(make_input());
  all->addWidget(make_filter());
  all->addWidget(table_, 1);
  all->addWidget(progress_);
  all->addWidget(state_);
}

QWidget* BatchView::make_input() {
  auto* file = new QPushButton(tr("File ..."));
  file->setToolTip(tr("Questions as JSON lines or CSV: question_id, image, text, and perhaps answer"));
  auto* folder = new QPushButton(tr("Folder ..."));
  folder->setToolTip(tr("One question about each picture of a folder"));
  path_label_->setObjectName("vqa.batchInput");
  path_label_->setMinimumWidth(80);
  path_label_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  question_->setObjectName("vqa.batchQuestion");
  question_->setAccessibleName(tr("Question about each picture"));
  question_->setPlaceholderText(tr("Question about each picture"));
  question_->setMinimumWidth(180);
  run_->setObjectName("primary");
  queue_->setToolTip(tr("Run it as a job, which goes on when the window is closed"));
  connect(file, &QPushButton::clicked, this, &BatchView::choose_file);
  connect(folder, &QPushButton::clicked, this, &BatchView::choose_folder);
  connect(question_, &QLineEdit::returnPressed, this, &BatchView::run);
  connect(run_, &QPushButton::clicked, this, &BatchView::run);
  connect(queue_, &QPushButton::clicked, this, &BatchView::queue);
  connect(cancel_, &QPushButton::clicked, this, &BatchView::cancel);
  auto* input = new QWidget;
  auto* layout = new QHBoxLayout(input);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(file);
  layout->addWidget(folder);
  layout->addWidget(path_label_, 2);
  layout->addWidget(question_, 3);
  layout->addWidget(run_);
  layout->addWidget(cancel_);
  layout->addWidget(queue_);
  return input;
}

QWidget* BatchView::make_filter() {
  words_->setObjectName("vqa.batchFilter");
  words_->setAccessibleName(tr("Filter"));
  words_->setPlaceholderText(tr("Filter: words of a question, an answer, a picture's name"));
  words_->setClearButtonEnabled(true);
  kind_->setObjectName("vqa.batchKind");
  kind_->setAccessibleName(tr("Which answers"));
  kind_->addItems({tr("All"), tr("Without an answer"),
                   tr("Unsure (below %1 %)").arg(std::round(100 * BatchFilter::kUnsure)),
                   tr("Not as expected")});
  connect(words_, &QLineEdit::textChanged, this, [this](const QString& words) {
    filter_.set_words(words);
    say_state();
  });
  connect(kind_, &QComboBox::currentIndexChanged, this, [this](int kind) {
    filter_.set_kind(static_cast<BatchFilter::Kind>(kind));
    say_state();
  });
  auto* filter = new QWidget;
  auto* layout = new QHBoxLayout(filter);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(words_, 1);
  layout->addWidget(kind_);
  return filter;
}

void BatchView::focus_filter() {
  words_->setFocus();
  words_->selectAll();
}

void BatchView::set_input(const QString& path) {
  if (process_.running()) return Q_EMIT message(tr("Cancel the batch first"), true);
  path_ = path;
  total_ = -1;
  const bool folder = QFileInfo(path).isDir();
  question_->setVisible(folder);
  path_label_->setText(path.isEmpty() ? tr("No questions are chosen yet") : QFileInfo(path).fileName());
  path_label_->setToolTip(path);
  const uint64_t mine = ++input_;
  if (!path.isEmpty()) {
    ++reading_;
    beside(
        this, [path] { return count_questions(path); },
        [this, mine](std::optional<int64_t> count) {
          --reading_;
          if (mine != input_) return;
          total_ = count.value_or(-1);
          say_state();
        });
  }
  Q_EMIT command_changed();
  say_state();
}

void BatchView::choose_file() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Questions"), context_.preferences.value("vqa/batch", find_asset("samples")).toString(),
      tr("Questions (*.jsonl *.json *.csv)") + ";;" + tr("All files (*)"));
  if (file.isEmpty()) return;
  context_.preferences.setValue("vqa/batch", QFileInfo(file).path());
  set_input(file);
}

void BatchView::choose_folder() {
  const QString folder = QFileDialog::getExistingDirectory(
      this, tr("Pictures"), context_.preferences.value("vqa/batch", find_asset("samples")).toString());
  if (folder.isEmpty()) return;
  context_.preferences.setValue("vqa/batch", folder);
  set_input(folder);
  question_->setFocus();
}

void BatchView::choose_answers() {
  const QString file = QFileDialog::getOpenFileName(
      this, tr("Answers of an earlier run"), context_.preferences.value("vqa/batch").toString(),
      tr("Answers (*.jsonl *.json)") + ";;" + tr("All files (*)"));
  if (!file.isEmpty()) show_answers(file);
}

void BatchView::show_answers(const QString& file) {
  if (process_.running()) return Q_EMIT message(tr("Cancel the batch first"), true);
  const uint64_t mine = ++input_;
  ++reading_;
  beside(
      this, [file] { return read_answers(file, BatchModel::kMost); },
      [this, mine, file](std::vector<VqaAnswer> rows) {
        --reading_;
        if (mine != input_) return;
        problem_ = rows.empty() ? tr("%1 holds no answers").arg(QFileInfo(file).fileName()) : QString();
        answers_.clear();
        answers_.add(std::move(rows));
        answers_of_ = file;
        seconds_ = 0;
        say_state();
      });
}

QStringList BatchView::command() const {
  QStringList words{"conclave-vqa", "run", path_};
  if (QFileInfo(path_).isDir()) words << "--question" << question_->text().trimmed();
  return words + models_.words();
}

// Says what is missing where something is.
bool BatchView::ready() {
  if (path_.isEmpty())
    Q_EMIT message(tr("Choose a file of questions, or a folder of pictures and a question"), true);
  else if (!QFileInfo::exists(path_))
    Q_EMIT message(tr("%1 is not there any more").arg(path_), true);
  else if (QFileInfo(path_).isDir() && question_->text().trimmed().isEmpty())
    Q_EMIT message(tr("What shall be asked about each picture?"), true), question_->setFocus();
  else
    return true;
  return false;
}

void BatchView::run() {
  if (process_.running() || !ready()) return;
  const QString program = program_.isEmpty() ? find_program("conclave-vqa") : program_;
  answers_.clear();
  pending_.clear();
  problem_.clear();
  answers_of_ = path_;
  seconds_ = 0;
  watch_.start();
  if (program.isEmpty()) return on_end(-1, tr("conclave-vqa is neither beside this program nor on PATH"));
  process_.start(
      program,
      command().mid(1) +
          QStringList{"--json", "--history",
                      QString::fromStdString(std::filesystem::absolute(context_.history.path()).string())});
  say_state();
}

void BatchView::queue() {
  if (!ready()) return;
  const QString start = QFileInfo(path_).absoluteDir().filePath("answers.jsonl");
  const QString file =
      QFileDialog::getSaveFileName(this, tr("Where the answers shall go"), start, tr("Answers (*.jsonl)"),
                                   nullptr, QFileDialog::DontConfirmOverwrite);
  if (!file.isEmpty()) queue_to(file);
}

void BatchView::queue_to(const QString& answers) {
  if (!ready()) return;
  if (QFileInfo::exists(answers)) return Q_EMIT message(tr("%1 is there already").arg(answers), true);
  JobSpec job;
  for (const QString& word : command() + QStringList{"--out", answers})
    job.argv.push_back(word.toStdString());
  job.retry_argv = {"--resume"};
  job.folder = QFileInfo(answers).absolutePath().toStdString();
  job.name = QFileInfo(path_).fileName().toStdString();
  Q_EMIT wants_jobs({job});
  Q_EMIT message(tr("It is queued; the answers go to %1").arg(answers), false);
}

void BatchView::take_line(const QByteArray& line) {
  if (!process_.cancelling()) put(row_of(line));
}

void BatchView::put(VqaAnswer answer) {
  pending_.push_back(std::move(answer));
  if (!flush_.isActive()) flush_.start();
}

void BatchView::flush() {
  answers_.add(std::exchange(pending_, {}));
  if (static_cast<size_t>(answers_.rowCount()) == BatchModel::kMost && process_.running()) {
    problem_ = tr("A table of more than %1 rows is not shown: queue the run, and its answers go to a file")
                   .arg(count_text(answers_.rowCount()));
    process_.cancel();
  }
  say_state();
}

void BatchView::on_end(int code, const QString& problem) {
  flush();
  seconds_ = static_cast<double>(watch_.elapsed()) / 1000;
  const bool told = code == kSomeUnanswered && answers_.errors() > 0;  // in their rows
  if (problem_.isEmpty() && !problem.isEmpty() && !told) {
    const QString said = process_.errors().section('\n', -1).trimmed();
    problem_ = said.isEmpty() ? problem : problem + ": " + said;
  }
  if (problem_.isEmpty() && answers_.rowCount() == 0) problem_ = tr("The program ended without an answer.");
  say_state();
}

QString BatchView::counts() const {
  QString text = tr("%1 questions, %2 of them without an answer")
                     .arg(count_text(answers_.rowCount()), count_text(answers_.errors()));
  if (const auto [right, expected] = answers_.right(); expected > 0)
    text +=
        " · " + tr("%1 % of %2 as expected").arg(number_text(100.0 * right / expected), count_text(expected));
  if (seconds_ > 0) text += " · " + duration_text(seconds_);
  if (filter_.rowCount() != answers_.rowCount())
    text += " · " + tr("%1 shown").arg(count_text(filter_.rowCount()));
  return text;
}

void BatchView::say_state() {
  const bool running = process_.running();
  run_->setVisible(!running);
  cancel_->setVisible(running);
  progress_->setVisible(running);
  progress_->setRange(0, total_ > 0 ? static_cast<int>(std::min<int64_t>(total_, INT_MAX)) : 0);
  progress_->setValue(answers_.rowCount());
  QString text;
  if (running && process_.cancelling()) {
    text = tr("cancelling…");
  } else if (running) {
    text = total_ > 0 ? tr("%1 of %2 answered").arg(count_text(answers_.rowCount()), count_text(total_))
                      : tr("%1 answered").arg(count_text(answers_.rowCount()));
    const double rate =
        1000.0 * answers_.rowCount() / std::max<double>(1, static_cast<double>(watch_.elapsed()));
    if (answers_.rowCount() > 0) text += " · " + tr("%1 a second").arg(number_text(rate));
    if (answers_.rowCount() > 0 && total_ > answers_.rowCount())
      text +=
          " · " + tr("%1 left").arg(duration_text(static_cast<double>(total_ - answers_.rowCount()) / rate));
  } else if (!problem_.isEmpty()) {
    text = "⚠ " + problem_ + (answers_.rowCount() > 0 ? " · " + counts() : QString());
  } else if (answers_.rowCount() > 0) {
    text = counts() + " · " + tr("a double click or Return opens a question with its pictures");
  } else if (total_ >= 0) {
    text = tr("%1 questions").arg(count_text(total_));
  } else {
    text =
        tr("A file with a question a line (JSON lines or CSV: question_id, image, text, and perhaps answer), "
           "or a "
           "folder of pictures and one question about each. They can be dropped here.");
  }
  state_->setText(text);
}

void BatchView::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void BatchView::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls()) {
    if (!url.isLocalFile()) continue;
    event->acceptProposedAction();
    return set_input(url.toLocalFile());
  }
}

}  // namespace conclave::ui
