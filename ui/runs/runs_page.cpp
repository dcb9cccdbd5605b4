#include "ui/runs/runs_page.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>
#include <QToolButton>
#include <algorithm>
#include <map>
#include <set>

#include "framework/history/queue.h"
#include "ui/compare/pins.h"
#include "ui/data/column_layout.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/curve_panel.h"
#include "ui/plots/spark_lines.h"
#include "ui/runs/history_edit.h"
#include "ui/runs/run_inspector.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kFirstRuns = 200;     // on the screen before the rest is read
constexpr int kMetricsAtFirst = 3;  // columns, before anybody chose some
constexpr int kNarrowest = 320;
constexpr int kFilterPauseMs = 150;
constexpr int kReadingShare = 20;  // reading the list takes at most this part of the time

RunFilter filter_of(const QString& text, bool bin) {
  RunFilter filter = parse_filter(text.toStdString());
  filter.deleted = bin;
  return filter;
}

std::vector<std::string> to_std(const QStringList& words) {
  std::vector<std::string> all;
  for (const QString& word : words) all.push_back(word.toStdString());
  return all;
}

}  // namespace

PageInfo RunsPage::info() {
  return {"runs", tr("Runs"), "runs"};
}

RunsPage::RunsPage(Context& context)
    : Page(info(), context),
      filter_timer_(new QTimer(this)),
      later_(new QTimer(this)),
      filter_(new QLineEdit),
      problem_(new QLabel),
      count_(new QLabel),
      empty_(new QLabel),
      groups_model_({}),
      columns_(new QToolButton),
      group_by_(new QComboBox),
      groups_view_(make_table(&groups_model_, tr("Groups of runs"))),
      stack_(new QStackedWidget),
      table_stack_(new QStackedWidget),
      table_(make_table(&model_, tr("Runs"))),
      layout_(
          new ColumnLayout(*table_, context.preferences, "runs/columns", {68, 170, 104, 96, 104, 88, 96})),
      sparks_(new SparkLines(context.history, *table_)),
      inspector_(new RunInspector(context, undo_)),
      curves_(new CurvePanel(context)) {
  model_.set_columns(context.preferences.value("runs/metrics").toStringList(),
                     context.preferences.value("runs/params").toStringList());
  build();
  add_actions();
  filter_timer_->setSingleShot(true);
  later_->setSingleShot(true);
  connect(filter_timer_, &QTimer::timeout, this, [this] { read_all(names_known_); });
  connect(later_, &QTimer::timeout, this, &RunsPage::refresh);
  connect(filter_, &QLineEdit::textChanged, this, [this] { filter_timer_->start(kFilterPauseMs); });
  connect(group_by_, &QComboBox::currentIndexChanged, this, [this] {
    context_.preferences.setValue("runs/group", group_by_->currentIndex());
    group_.clear();
    read_all(names_known_);
  });
  connect(groups_view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& at) { choose_group(at.row()); });
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &RunsPage::on_selection);
  connect(table_, &QTableView::doubleClicked, this,
          [this](const QModelIndex& at) { open_run(model_.at(at.row()).id); });
  connect(inspector_, &RunInspector::failed, this,
          [this](const QString& error) { Q_EMIT message(error, true); });
  connect(curves_, &CurvePanel::message, this, &Page::message);
  connect(inspector_, &RunInspector::shown, this, [this](const RunDetail& run) {
    if (!opened_) return;
    const auto name = QString::fromStdString(run.name.empty() ? run.app + " " + run.verb : run.name);
    set_title(tr("Run %1: %2").arg(run.id).arg(name));
    curves_->show_runs({{run.id, name, series_color(0)}}, run.metrics);
  });
  set_command_for_list();
}

void RunsPage::build() {
  filter_->setObjectName("runs.filter.text");
  filter_->setPlaceholderText(tr("Filter: words, app:vqa, status:failed, tag:paper, accuracy>0.9, lr:0.001"));
  filter_->setAccessibleName(tr("Filter"));
  filter_->setClearButtonEnabled(true);
  problem_->setStyleSheet(QString("color: %1").arg(status_color("failed").name()));
  problem_->hide();
  count_->setForegroundRole(QPalette::PlaceholderText);
  count_->setObjectName("runs.count");
  columns_->setText(tr("Columns"));
  columns_->setObjectName("runs.columns.button");
  connect(columns_, &QToolButton::clicked, this, &RunsPage::choose_columns);
  group_by_->addItems({tr("no groups"), tr("by experiment"), tr("by program"), tr("by status"), tr("by tag"),
                       tr("by sweep")});
  group_by_->setObjectName("runs.group.by");
  group_by_->setAccessibleName(tr("Group"));
  group_by_->setCurrentIndex(context_.preferences.value("runs/group", 0).toInt());
  groups_view_->setObjectName("runs.groups");
  groups_view_->setMaximumHeight(170);
  groups_view_->hide();
  auto* line = new QHBoxLayout;
  line->addWidget(filter_, 1);
  line->addWidget(count_);
  line->addWidget(group_by_);
  line->addWidget(columns_);

  table_->setObjectName("runs.table");
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicatorClearable(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::DescendingOrder);
  table_->horizontalHeader()->setStretchLastSection(false);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  empty_->setObjectName("runs.empty");
  table_stack_->addWidget(table_);
  table_stack_->addWidget(empty_);

  auto* list = new QWidget;
  auto* list_layout = new QVBoxLayout(list);
  list_layout->setContentsMargins(0, 0, 0, 0);
  list_layout->addLayout(line);
  list_layout->addWidget(problem_);
  list_layout->addWidget(groups_view_);
  list_layout->addWidget(table_stack_, 1);
  for (QWidget* widget : {list, static_cast<QWidget*>(curves_)}) {
    widget->setMinimumWidth(kNarrowest);
    stack_->addWidget(widget);
  }
  auto* split = new QSplitter;
  split->addWidget(stack_);
  split->addWidget(inspector_);
  split->setStretchFactor(0, 1);
  split->setCollapsible(0, false);
  split->setHandleWidth(12);
  split->setSizes({740, 400});
  body()->addWidget(split, 1);
}

void RunsPage::add_actions() {
  add_action(
      "back", tr("Back to the list"), QKeySequence("Esc"), [this] { close_run(); }, true)
      ->setVisible(false);
  add_action(
      "open", tr("Open its curves"), QKeySequence("Return"),
      [this] {
        if (const auto runs = selected(); !runs.empty()) open_run(runs.front());
      },
      false, table_);
  add_action("preview", tr("Show or hide the run beside the list"), QKeySequence("Space"),
             [this] { inspector_->setVisible(!inspector_->isVisible()); });
  add_action("next", tr("Next run"), QKeySequence("J"), [this] { step(1); });
  add_action("previous", tr("Previous run"), QKeySequence("K"), [this] { step(-1); });
  add_action("find", tr("Filter the runs"), QKeySequence("Ctrl+F"), [this] {
    close_run();
    filter_->setFocus();
    filter_->selectAll();
  });
  add_action(
      "pin", tr("Pin to Compare, or unpin"), QKeySequence("C"), [this] { pin(); }, true);
  add_action("routing", tr("Show its routing"), QKeySequence("G"), [this] {
    if (const auto runs = selected(); !runs.empty()) Q_EMIT wants_routing(runs.front());
  });
  add_action("group", tr("Group the runs"), QKeySequence("Ctrl+G"), [this] {
    close_run();
    group_by_->setFocus();
    group_by_->showPopup();
  });
  add_action("pin-group", tr("Compare the runs of this group"), QKeySequence("Shift+C"), [this] {
    std::vector<int64_t> runs;
    for (const RunSummary& run : in_group()) runs.push_back(run.id);
    context_.pins.set(runs);
    Q_EMIT wants_page("compare");
  });
  add_action("columns", tr("Choose columns"), {}, [this] { choose_columns(); });
  add_action(
      "bin", tr("Move to the bin, or out of it"), QKeySequence("Del"), [this] { move_to_bin(); }, false,
      table_);
  QAction* show_bin = add_action(
      "show-bin", tr("Bin"), {},
      [this] {
        bin_ = !bin_;
        wanted_ = 0;
        read_all(names_known_);
      },
      true);
  show_bin->setCheckable(true);
  QAction* undo = add_action(
      "undo", tr("Undo"), QKeySequence("Ctrl+Z"), [this] { undo_.undo(); }, true);
  undo->setEnabled(false);
  QAction* redo = add_action("redo", tr("Redo"), QKeySequence("Ctrl+Shift+Z"), [this] { undo_.redo(); });
  redo->setEnabled(false);
  connect(&undo_, &QUndoStack::canUndoChanged, undo, &QAction::setEnabled);
  connect(&undo_, &QUndoStack::canRedoChanged, redo, &QAction::setEnabled);
  connect(&undo_, &QUndoStack::undoTextChanged, undo,
          [undo](const QString& what) { undo->setToolTip(tr("Undo: %1").arg(what)); });
}

QWidget* RunsPage::first_focus() {
  return table_;
}

bool RunsPage::settled() const {
  return !busy_ && !filter_timer_->isActive() && inspector_->settled() && sparks_->settled() &&
         (!opened_ || curves_->settled());
}

// The list is large, so it is read again at most as often as it costs little.
void RunsPage::refresh() {
  if (busy_) {
    again_ = true;
    return;
  }
  const qint64 pause = reading_ms_ * kReadingShare;
  if (since_read_.isValid() && since_read_.elapsed() < pause) {
    if (!later_->isActive()) later_->start(static_cast<int>(pause - since_read_.elapsed()) + 1);
  } else {
    read_all(names_known_);
  }
  inspector_->refresh();
}

// At first the newest runs with all their metrics, which also tells what metrics there are; then the others
// with those that have a column.
void RunsPage::read_all(bool names_known) {
  RunFilter filter;
  try {
    filter = filter_of(filter_->text(), bin_);
    problem_->hide();
  } catch (const std::exception& e) {
    problem_->setText(QString::fromUtf8(e.what()));
    problem_->show();
    return;
  }
  set_command_for_list();
  busy_ = true;
  std::optional<std::vector<std::string>> metrics;
  if (names_known)
    metrics = to_std(model_.metrics());
  else
    filter.limit = kFirstRuns;
  QElapsedTimer watch;
  watch.start();
  context_.history.ask(
      this, question_,
      [=, params = to_std(model_.params()),
       sweeps = group_by_->currentIndex() == static_cast<int>(GroupBy::sweep)](const Store& store) {
        Listed listed{store.list(filter, metrics, params), {}};
        if (sweeps)
          for (const Job& job : Queue(store).list())
            if (!job.run.empty() && !job.batch.empty()) listed.sweeps[job.run] = job.batch;
        return listed;
      },
      [=, this](Answer<Listed> answer) {
        busy_ = false;
        since_read_.start();
        reading_ms_ = watch.elapsed();
        if (!answer.value) {
          listed_ = {};
          list_groups();
          model_.set_runs({});
          empty_->setText(answer.error);
          table_stack_->setCurrentWidget(empty_);
          Q_EMIT badge("");
          return;
        }
        listed_ = std::move(*answer.value);
        const bool more = !names_known && listed_.runs.size() == kFirstRuns;
        if (!names_known && !listed_.runs.empty()) take_names(listed_.runs);
        list_groups();
        show_runs(in_group());
        if (more) return read_all(true);
        if (std::exchange(again_, false)) refresh();
      });
}

void RunsPage::take_names(const std::vector<RunSummary>& runs) {
  std::map<QString, int> seen;
  QStringList with_goal;
  for (const RunSummary& run : runs)
    for (const MetricSummary& metric : run.metrics) {
      const auto name = QString::fromStdString(metric.name);
      const bool matters = !metric.goal.empty() || name.contains("loss") || name.contains("accuracy");
      if (++seen[name] == 1 && matters) with_goal << name;
    }
  names_known_ = true;
  if (!context_.preferences.contains("runs/metrics")) {
    std::stable_sort(with_goal.begin(), with_goal.end(),
                     [&](const auto& a, const auto& b) { return seen[a] > seen[b]; });
    model_.set_columns(with_goal.mid(0, kMetricsAtFirst), model_.params());
  }
}

void RunsPage::list_groups() {
  const auto by = static_cast<GroupBy>(group_by_->currentIndex());
  groups_ = by == GroupBy::nothing ? std::vector<RunGroup>() : group_runs(listed_.runs, by, listed_.sweeps);
  groups_view_->setVisible(!groups_.empty());
  listing_groups_ = true;
  groups_model_.set_headers(QStringList{tr("Group"), tr("Runs")} + model_.metrics());
  groups_model_.set_rows(groups_.empty() ? std::vector<TextTableModel::Row>()
                                         : group_rows(groups_, listed_.runs, model_.metrics()));
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const RunGroup& group) { return group.name == group_; });
  if (found == groups_.end()) group_.clear();
  if (!groups_.empty())
    choose_row(*groups_view_, found == groups_.end() ? 0 : static_cast<int>(found - groups_.begin()) + 1);
  listing_groups_ = false;
}

void RunsPage::choose_group(int row) {
  if (listing_groups_ || row < 0) return;
  group_ = row == 0 ? QString() : groups_[static_cast<size_t>(row - 1)].name;
  show_runs(in_group());
}

std::vector<RunSummary> RunsPage::in_group() const {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const RunGroup& group) { return group.name == group_; });
  if (group_.isEmpty() || found == groups_.end()) return listed_.runs;
  std::vector<RunSummary> runs;
  const std::set<int64_t> wanted(found->runs.begin(), found->runs.end());
  for (const RunSummary& run : listed_.runs)
    if (wanted.contains(run.id)) runs.push_back(run);
  return runs;
}

void RunsPage::show_runs(std::vector<RunSummary> runs) {
  const auto chosen = selected();
  const int64_t keep = wanted_ ? wanted_ : chosen.empty() ? 0 : chosen.front();
  model_.set_runs(std::move(runs));
  if (chosen.size() < 2 || wanted_) select_run(keep);
  hide_empty_columns();
  const int count = model_.rowCount();
  count_->setText(tr("%1 runs").arg(count_text(count)));
  if (!bin_ && filter_->text().isEmpty()) Q_EMIT badge(count == 0 ? "" : count_text(count));
  empty_->setText(bin_ ? tr("The bin is empty.")
                  : !filter_->text().isEmpty()
                      ? tr("No run fits this filter.")
                      : tr("Nothing has been run yet. Every run of every program appears here."));
  table_stack_->setCurrentWidget(count == 0 ? static_cast<QWidget*>(empty_) : table_);
  Q_EMIT listed(count);
}

// What no run has would only take room.
void RunsPage::hide_empty_columns() {
  for (const RunColumn column : {RunColumn::experiment, RunColumn::tags}) {
    bool empty = true;
    for (int row = 0; empty && row < model_.rowCount(); ++row) {
      const RunSummary& run = model_.at(row);
      empty = column == RunColumn::tags ? run.tags.empty() : run.experiment.empty();
    }
    table_->setColumnHidden(static_cast<int>(column), empty);
  }
}

void RunsPage::select_run(int64_t run) {
  const int row = run ? model_.row_of(run) : -1;
  if (row < 0) {
    if (table_->selectionModel()->hasSelection() || model_.rowCount() == 0 || opened_) return;
    choose_row(*table_, 0);
    return;
  }
  wanted_ = 0;
  if (!table_->selectionModel()->isRowSelected(row)) choose_row(*table_, row);
}

std::vector<int64_t> RunsPage::selected() const {
  std::vector<int64_t> runs;
  for (const QModelIndex& index : table_->selectionModel()->selectedRows())
    runs.push_back(model_.at(index.row()).id);
  return runs;
}

void RunsPage::on_selection() {
  const auto runs = selected();
  if (runs.empty() || runs.front() == inspector_->run()) return;
  inspector_->show_run(runs.front());
  if (opened_) set_command({"conclave-history", "show", QString::number(runs.front())});
}

void RunsPage::step(int rows) {
  const int row = std::clamp(table_->currentIndex().row() + rows, 0, std::max(0, model_.rowCount() - 1));
  if (model_.rowCount() > 0) choose_row(*table_, row);
}

void RunsPage::open_run(int64_t run) {
  opened_ = true;
  wanted_ = run;
  stack_->setCurrentWidget(curves_);
  context_.actions.find("runs.back")->setVisible(true);
  select_run(run);
  set_command({"conclave-history", "show", QString::number(run)});
  inspector_->show_run(run);
}

void RunsPage::close_run() {
  if (!opened_) return;
  opened_ = false;
  stack_->setCurrentIndex(0);
  context_.actions.find("runs.back")->setVisible(false);
  set_title(title());
  set_command_for_list();
  table_->setFocus();
}

void RunsPage::move_to_bin() {
  const auto runs = selected();
  if (runs.empty()) return;
  const int row = table_->currentIndex().row();
  const bool out = model_.at(table_->selectionModel()->selectedRows().front().row()).deleted_ms.has_value();
  const auto set = [runs](bool deleted) {
    return [runs, deleted](Store& store) {
      for (const int64_t run : runs) store.set_deleted(run, deleted);
    };
  };
  const auto count = static_cast<int>(runs.size());
  const QString what =
      out ? tr("%n run(s) out of the bin", "", count) : tr("%n run(s) into the bin", "", count);
  undo_.push(new HistoryEdit(context_.history, what, set(!out), set(out),
                             [this](const QString& error) { Q_EMIT message(error, true); }));
  Q_EMIT message(tr("%1; Ctrl+Z takes it back").arg(what));
  close_run();
  table_->clearSelection();
  if (row + 1 < model_.rowCount()) wanted_ = model_.at(row + 1).id;
}

void RunsPage::pin() {
  const auto runs = selected();
  if (runs.empty()) return;
  Pins& pins = context_.pins;
  const bool all = std::all_of(runs.begin(), runs.end(), [&](int64_t run) { return pins.has(run); });
  std::vector<int64_t> pinned = pins.runs();
  for (const int64_t run : runs) {
    std::erase(pinned, run);
    if (!all) pinned.push_back(run);
  }
  pins.set(pinned);
  Q_EMIT message(tr("%n run(s) pinned to Compare", "", static_cast<int>(pins.runs().size())));
}

void RunsPage::set_command_for_list() {
  if (opened_) return;
  QStringList words{"conclave-history", "list"};
  words << filter_->text().split(' ', Qt::SkipEmptyParts);
  if (bin_) words << "--bin";
  set_command(words);
}

}  // namespace conclave::ui
