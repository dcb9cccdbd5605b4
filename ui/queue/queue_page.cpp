#include "ui/queue/queue_page.h"

#include <QDir>
#include <QFontDatabase>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QSpinBox>
#include <QSplitter>
#include <QTableView>
#include <QTimer>
#include <algorithm>

#include "framework/base/error.h"
#include "framework/history/sweep.h"
#include "ui/data/draft.h"
#include "ui/data/format.h"
#include "ui/data/log_view.h"
#include "ui/data/table_view.h"
#include "ui/form/command_dialog.h"
#include "ui/process/programs.h"
#include "ui/process/shell_words.h"

namespace conclave::ui {
namespace {

constexpr int64_t kJobsShown = 500;
constexpr int kTickMs = 1000;

}  // namespace

PageInfo QueuePage::info() {
  return {"queue", tr("Queue"), "queue"};
}

QueuePage::QueuePage(Context& context)
    : Page(info(), context),
      table_(make_table(&model_, tr("Jobs"))),
      command_text_(new QLineEdit),
      sweep_(new QLineEdit),
      log_(new LogView(tr("Log of the job"))),
      cpu_(new QSpinBox),
      gpu_(new QSpinBox),
      retries_(new QSpinBox),
      draws_(new QSpinBox),
      slots_(new QLabel),
      log_title_(new QLabel),
      tick_(new QTimer(this)) {
  build();
  add_actions();
  set_command({"conclave-history", "queue", "list"});
  connect(&model_, &JobTableModel::reordered, this, &QueuePage::reorder);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
    show_log();
    find_checkpoints();
  });
  keep_draft(command_text_, context.preferences, "queue/command");
  keep_draft(sweep_, context.preferences, "queue/sweep");
  connect(command_text_, &QLineEdit::returnPressed, this, &QueuePage::add_job);
  for (QSpinBox* box : {cpu_, gpu_})
    connect(box, &QSpinBox::valueChanged, this, [this] {
      context_.preferences.setValue("queue/cpu", cpu_->value());
      context_.preferences.setValue("queue/gpu", gpu_->value());
      if (working_)
        worker_.running() ? worker_.cancel() : start_worker();  // begun again as soon as it has ended
    });
  connect(&worker_, &LineProcess::ended, this, [this](int, const QString& problem) {
    if (!working_) return;
    if (worker_.cancelling()) return start_worker();
    Q_EMIT message(
        tr("Jobs are not started any more: %1").arg(worker_.errors().isEmpty() ? problem : worker_.errors()),
        true);
    context_.actions.find("queue.work")->setChecked(false);
    working_ = false;
  });
  tick_->start(kTickMs);
  connect(tick_, &QTimer::timeout, this, [this] {
    if (isVisible()) refresh();  // times and logs grow without a word to the history
  });
  if (context.preferences.value("queue/work", false).toBool()) context.actions.find("queue.work")->trigger();
}

void QueuePage::build() {
  const auto box = [](QSpinBox* spin, const QString& name, int low, int value) {
    spin->setRange(low, 64);
    spin->setValue(value);
    spin->setAccessibleName(name);
    auto* label = new QLabel(name);
    label->setBuddy(spin);
    return label;
  };
  auto* line = new QHBoxLayout;
  line->addWidget(box(cpu_, tr("CPU slots"), 0, context_.preferences.value("queue/cpu", 1).toInt()));
  line->addWidget(cpu_);
  line->addSpacing(12);
  line->addWidget(box(gpu_, tr("GPU slots"), 0, context_.preferences.value("queue/gpu", 0).toInt()));
  line->addWidget(gpu_);
  line->addSpacing(12);
  slots_->setForegroundRole(QPalette::PlaceholderText);
  slots_->setObjectName("queue.slots");
  line->addWidget(slots_, 1);

  table_->setObjectName("queue.table");
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setDragDropMode(QAbstractItemView::DragDrop);
  table_->setDragDropOverwriteMode(false);
  table_->setDropIndicatorShown(true);
  const int widths[] = {56, 110, 380, 130, 70, 50, 80};
  for (int i = 0; i < 7; ++i) table_->setColumnWidth(i, widths[i]);
  log_->setObjectName("queue.log");
  log_title_->setObjectName("heading");
  auto* below = new QWidget;
  auto* below_layout = new QVBoxLayout(below);
  below_layout->setContentsMargins(0, 0, 0, 0);
  below_layout->addWidget(log_title_);
  below_layout->addWidget(log_, 1);
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(table_);
  split->addWidget(below);
  split->setHandleWidth(12);
  split->setSizes({400, 200});

  auto* add = new QHBoxLayout;
  command_text_->setObjectName("queue.command");
  command_text_->setPlaceholderText(
      tr("A command to queue: conclave-vqa train --recipe ... --data ... --out ..."));
  command_text_->setAccessibleName(tr("Command"));
  command_text_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  auto* button = new QPushButton(tr("Queue it"));
  button->setObjectName("primary");
  connect(button, &QPushButton::clicked, this, &QueuePage::add_job);
  add->addWidget(command_text_, 1);
  auto* form = new QPushButton(tr("Form…"));
  form->setObjectName("queue.form");
  form->setToolTip(tr("Put a command together in the form of its verb"));
  connect(form, &QPushButton::clicked, this, &QueuePage::open_form);
  add->addWidget(form);
  sweep_->setObjectName("queue.sweep");
  sweep_->setPlaceholderText(tr("Sweep: lr=0.1,0.01 seed=1,2"));
  sweep_->setToolTip(
      tr("A job for each combination; a key with dots is one of the recipe: train.steps=100,200"));
  sweep_->setAccessibleName(tr("Sweep"));
  sweep_->setMaximumWidth(220);
  add->addWidget(sweep_);
  draws_->setObjectName("queue.draws");
  draws_->setSpecialValueText(tr("all"));
  draws_->setRange(0, 10000);
  draws_->setToolTip(tr("How many combinations are drawn at random"));
  draws_->setAccessibleName(tr("Combinations to draw"));
  add->addWidget(draws_);
  add->addWidget(box(retries_, tr("Retries"), 0, 0));
  add->addWidget(retries_);
  add->addWidget(button);
  body()->addLayout(line);
  body()->addWidget(split, 1);
  body()->addLayout(add);
}

void QueuePage::add_actions() {
  QAction* work = add_action(
      "work", tr("Start waiting jobs"), {},
      [this] { set_working(context_.actions.find("queue.work")->isChecked()); }, true);
  work->setCheckable(true);
  add_action("new", tr("Write a command to queue"), QKeySequence("Ctrl+N"),
             [this] { command_text_->setFocus(); });
  add_action("form", tr("Put a command together in a form"), QKeySequence("Ctrl+Shift+N"),
             [this] { open_form(); });
  add_action(
      "cancel", tr("Cancel"), QKeySequence("Ctrl+Del"),
      [this] { change(selected(), tr("cancelled"), [](Queue& queue, int64_t job) { queue.cancel(job); }); },
      true);
  const auto again = [](Queue& queue, int64_t job) { queue.retry(job); };
  add_action(
      "resume", tr("Resume"), QKeySequence("Shift+R"),
      [this, again] { change(ended(true), tr("waiting again"), again); }, true);
  add_action(
      "retry", tr("Try again"), QKeySequence("R"),
      [this, again] { change(ended(false), tr("waiting again"), again); }, true);
  offer_again({});
  add_action(
      "compare", tr("Compare its group"), QKeySequence("G"), [this] { compare_group(); }, true);
  add_action("up", tr("Earlier"), QKeySequence("Ctrl+Up"), [this] { move(-1); });
  add_action("down", tr("Later"), QKeySequence("Ctrl+Down"), [this] { move(1); });
  add_action("remove", tr("Forget a job that has ended"), QKeySequence("Shift+Del"), [this] {
    change(selected(), tr("forgotten"), [](Queue& queue, int64_t job) { queue.remove(job); });
  });
}

// The command can be looked at and changed before it is queued.
void QueuePage::open_form() {
  auto* dialog = new CommandDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &CommandDialog::taken, this, [this](const QStringList& command) {
    command_text_->setText(shell_text(command));
    command_text_->setFocus();
  });
  dialog->open();
}

QWidget* QueuePage::first_focus() {
  return table_;
}

std::vector<int64_t> QueuePage::selected() const {
  std::vector<int64_t> jobs;
  for (const QModelIndex& index : table_->selectionModel()->selectedRows())
    jobs.push_back(model_.at(index.row()).id);
  return jobs;
}

void QueuePage::refresh() {
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  context_.history.ask(
      this, question_, [](const Store& store) { return Queue(store).list(kJobsShown); },
      [this](Answer<std::vector<Job>> answer) {
        busy_ = false;
        const auto chosen = selected();
        model_.set_jobs(answer.value ? std::move(*answer.value) : std::vector<Job>());
        if (selected().empty() && model_.rowCount() > 0)
          choose_row(*table_, std::max(0, chosen.empty() ? 0 : model_.row_of(chosen.front())));
        int64_t cpu = 0, gpu = 0, waiting = 0;
        for (int row = 0; row < model_.rowCount(); ++row) {
          const Job& job = model_.at(row);
          if (job.state == "running") (job.device == "gpu" ? gpu : cpu) += job.slots;
          waiting += job.state == "waiting";
        }
        slots_->setText(tr("in use: CPU %1, GPU %2; %3 waiting%4")
                            .arg(cpu)
                            .arg(gpu)
                            .arg(waiting)
                            .arg(waiting > 0 && !working_ ? tr(" (nothing starts them now)") : QString()));
        Q_EMIT badge(cpu + gpu + waiting > 0 ? QString::number(cpu + gpu + waiting) : "");
        show_log();
        find_checkpoints();
        if (std::exchange(again_, false)) refresh();
      });
}

// On the history's thread, since a folder may lie on a slow disk.
void QueuePage::find_checkpoints() {
  std::vector<Job> jobs;
  for (const int64_t job : selected()) jobs.push_back(model_.at(model_.row_of(job)));
  context_.history.ask(
      this, checkpoint_question_,
      [jobs](const Store&) {
        std::map<int64_t, JobCheckpoint> found;
        for (const Job& job : jobs)
          if (const auto checkpoint = checkpoint_of(job)) found[job.id] = *checkpoint;
        return found;
      },
      [this](Answer<std::map<int64_t, JobCheckpoint>> answer) {
        offer_again(answer.value ? std::move(*answer.value) : std::map<int64_t, JobCheckpoint>());
      });
}

std::vector<int64_t> QueuePage::ended(bool with_checkpoint) const {
  std::vector<int64_t> jobs;
  for (const int64_t id : selected()) {
    const std::string& state = model_.at(model_.row_of(id)).state;
    if (state != "running" && state != "waiting" && checkpoints_.contains(id) == with_checkpoint)
      jobs.push_back(id);
  }
  return jobs;
}

void QueuePage::offer_again(std::map<int64_t, JobCheckpoint> checkpoints) {
  checkpoints_ = std::move(checkpoints);
  QAction* resume = context_.actions.find("queue.resume");
  const auto resumable = ended(true);
  resume->setEnabled(!resumable.empty());
  context_.actions.find("queue.retry")->setEnabled(!ended(false).empty());
  QString from = tr("Go on from the checkpoint of a training that stopped (Shift+R)");
  if (!resumable.empty()) {
    const JobCheckpoint& checkpoint = checkpoints_.at(resumable.front());
    from = checkpoint.stage > 0
               ? tr("Go on from step %1 of stage %2 (Shift+R)").arg(checkpoint.step).arg(checkpoint.stage)
               : tr("Go on from step %1 (Shift+R)").arg(checkpoint.step);
  }
  resume->setToolTip(from);
}

void QueuePage::show_log() {
  const auto chosen = selected();
  if (chosen.empty()) {
    log_title_->setText(tr("Log"));
    log_->clear();
    return;
  }
  const Job job = model_.at(model_.row_of(chosen.front()));
  log_title_->setText(tr("Log of job %1").arg(job.id));
  context_.history.ask(
      this, log_question_, [job](const Store&) { return log_end(job.log); },
      [this](const Answer<QString>& answer) { log_->show_text(answer.value.value_or("")); });
}

void QueuePage::add_job() {
  QStringList words;
  try {
    words = shell_words(command_text_->text());
  } catch (const std::exception& e) {
    return Q_EMIT message(QString::fromUtf8(e.what()), true);
  }
  if (words.isEmpty()) return;
  JobSpec job;
  for (const QString& word : words) job.argv.push_back(word.toStdString());
  job.folder = QDir::currentPath().toStdString();
  job.retries = retries_->value();
  std::vector<std::string> axes;
  for (const QString& axis : sweep_->text().split(' ', Qt::SkipEmptyParts))
    axes.push_back(axis.toStdString());
  std::vector<JobSpec> jobs;
  try {
    jobs = sweep(job, axes, draws_->value() > 0 ? std::optional<int64_t>(draws_->value()) : std::nullopt,
                 QRandomGenerator::global()->generate64());
  } catch (const std::exception& e) {
    return Q_EMIT message(QString::fromUtf8(e.what()), true);
  }
  command_text_->clear();
  sweep_->clear();
  queue(std::move(jobs));
}

// The runs of all jobs that were queued together.
void QueuePage::compare_group() {
  const auto chosen = selected();
  if (chosen.empty()) return;
  const std::string batch = model_.at(model_.row_of(chosen.front())).batch;
  if (batch.empty()) return Q_EMIT message(tr("This job was queued alone."));
  context_.history.ask(
      this, group_question_,
      [batch](const Store& store) {
        std::vector<int64_t> runs;
        for (const Job& job : Queue(store).list())
          if (const auto run = job.batch == batch ? store.find_uuid(job.run) : std::nullopt)
            runs.push_back(*run);
        return runs;
      },
      [this](const Answer<std::vector<int64_t>>& answer) {
        const auto runs = answer.value.value_or(std::vector<int64_t>());
        runs.empty() ? Q_EMIT message(tr("None of these jobs has a run yet."))
                     : Q_EMIT wants_comparison(runs);
      });
}

void QueuePage::start_jobs(std::vector<JobSpec> jobs) {
  context_.actions.find("queue.work")->setChecked(true);
  set_working(true);
  queue(std::move(jobs));
}

void QueuePage::queue(std::vector<JobSpec> jobs) {
  for (JobSpec& job : jobs)
    if (const QString program = find_program(QString::fromStdString(job.argv[0])); !program.isEmpty())
      job.argv[0] = program.toStdString();
  context_.history.change(
      this, [jobs](Store& store) { Queue(store).add(jobs); },
      [this](const QString& error) {
        if (!error.isEmpty()) return Q_EMIT message(error, true);
        Q_EMIT message(working_ ? tr("queued") : tr("queued; “Start waiting jobs” starts it"));
        refresh();
      });
}

void QueuePage::change(const std::vector<int64_t>& jobs, const QString& what,
                       std::function<void(Queue&, int64_t)> each) {
  if (jobs.empty()) return;
  context_.history.change(
      this,
      [=](Store& store) {
        Queue queue(store);
        for (const int64_t job : jobs) each(queue, job);
      },
      [=, this](const QString& error) {
        Q_EMIT message(
            error.isEmpty() ? tr("%n job(s) %1", "", static_cast<int>(jobs.size())).arg(what) : error,
            !error.isEmpty());
        refresh();
      });
}

void QueuePage::move(int rows) {
  const auto chosen = selected();
  std::vector<int64_t> order = model_.waiting();
  const auto at = chosen.empty() ? order.end() : std::find(order.begin(), order.end(), chosen.front());
  if (at == order.end()) return;
  const auto from = at - order.begin();
  const auto to = std::clamp<std::ptrdiff_t>(from + rows, 0, static_cast<std::ptrdiff_t>(order.size()) - 1);
  std::swap(order[static_cast<size_t>(from)], order[static_cast<size_t>(to)]);
  reorder(order);
}

// The order is kept as priorities.
void QueuePage::reorder(const std::vector<int64_t>& waiting) {
  context_.history.change(
      this,
      [waiting](Store& store) {
        Queue queue(store);
        auto priority = static_cast<int64_t>(waiting.size());
        for (const int64_t job : waiting) queue.set_priority(job, --priority);
      },
      [this](const QString& error) {
        if (!error.isEmpty()) Q_EMIT message(error, true);
        refresh();
      });
}

void QueuePage::set_working(bool working) {
  if (working == working_) return;
  working_ = working;
  context_.preferences.setValue("queue/work", working);
  if (working)
    start_worker();
  else
    worker_.cancel();
  refresh();
}

void QueuePage::start_worker() {
  const QString program = find_program("conclave-history");
  if (program.isEmpty())
    return Q_EMIT message(tr("conclave-history is neither beside this program nor on PATH"), true);
  worker_.start(program,
                {"queue", "run", "--cpu-slots", QString::number(cpu_->value()), "--gpu-slots",
                 QString::number(gpu_->value()), "--history",
                 QString::fromStdString(std::filesystem::absolute(context_.history.path()).string())});
}

}  // namespace conclave::ui
