#include "ui/routing/routing_page.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QTimer>
#include <algorithm>

#include "framework/base/error.h"
#include "framework/history/alerts.h"
#include "ui/compare/pins.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/custom_plot.h"
#include "ui/plots/plot_export.h"
#include "ui/routing/expert_curve.h"
#include "ui/routing/probe_view.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

const double kManyDropped = AlertLimits().drop_share;  // what alerts speak of when it lasts
constexpr int kPlayMs = 200, kLeastLossHeight = 100;
constexpr int64_t kSearched = 100;  // runs that are looked at for one with routing

int64_t newest_with_routing(const Store& store) {
  RunFilter filter;
  filter.limit = kSearched;
  for (const RunSummary& run : store.list(filter, std::vector<std::string>{}))
    if (!store.routing_splits(run.id).empty()) return run.id;
  throw Error(
      "No run has recorded routing yet. Ask a question about a picture, or train a model, and it stands "
      "here.");
}

// The recorded step that is nearest from below; the first one when there is none.
int64_t step_before(const std::vector<int64_t>& steps, int64_t step) {
  const auto after = std::upper_bound(steps.begin(), steps.end(), step);
  return after == steps.begin() ? steps.front() : *(after - 1);
}

QStringList words_of(const JobSpec& job) {
  QStringList words;
  for (const std::string& word : job.argv) words << QString::fromStdString(word);
  return words;
}

}  // namespace

PageInfo RoutingPage::info() {
  return {"routing", tr("Routing"), "routing"};
}

RoutingPage::RoutingPage(Context& context)
    : Page(info(), context),
      balance_({tr("Layer"), tr("Entropy"), tr("CV"), tr("Dead"), tr("Dropped")}, {1, 2, 3, 4}),
      ablations_({tr("Without"), tr("Metric"), tr("Before"), tr("After"), tr("Change"), tr("State")},
                 {2, 3, 4}),
      tabs_(new QTabWidget),
      probes_(new ProbeView(context)),
      stack_(new QStackedWidget),
      what_(new QLabel),
      empty_(new QLabel),
      chosen_(new QLabel),
      ablations_view_(make_table(&ablations_, tr("What experts are worth"))),
      split_(new QComboBox),
      measure_(new QComboBox),
      minus_(new QComboBox),
      map_(new HeatMap),
      loss_(new CurvePlot(context.history)),
      expert_(new ExpertCurve(context.history, *loss_)),
      steps_(new QSlider(Qt::Horizontal)),
      play_(new QTimer(this)) {
  build();
  add_map_actions();
  add_probe_actions();
  connect(map_, &HeatMap::cell_chosen, this, &RoutingPage::show_chosen);
  connect(play_, &QTimer::timeout, this, [this] {
    if (steps_->value() == steps_->maximum())
      play_->stop();
    else
      steps_->setValue(steps_->value() + 1);
  });
  connect(split_, &QComboBox::currentTextChanged, this, [this] {
    if (!filling_) refresh();
  });
  connect(measure_, &QComboBox::currentIndexChanged, this, &RoutingPage::draw);
  connect(minus_, &QComboBox::currentIndexChanged, this, [this] {
    if (!filling_) subtract_run(minus_->currentData().toLongLong());
  });
  connect(steps_, &QSlider::valueChanged, this, [this](int place) {
    if (filling_ || static_cast<size_t>(place) >= shown_.steps.size()) return;
    step_ = shown_.steps[static_cast<size_t>(place)];
    if (place == steps_->maximum()) step_.reset();  // goes on with a run that is under way
    refresh();
  });
  connect(loss_, &CurvePlot::message, this, &Page::message);
  connect(&context.pins, &Pins::changed, this, &RoutingPage::fill_others);
  connect(probes_, &ProbeView::message, this, &Page::message);
  connect(probes_, &ProbeView::command_changed, this, [this] {
    if (shows_probes()) set_command(probes_->command());
  });
  fill_others();
  tabs_->setCurrentIndex(context.preferences.value("routing/tab", 0).toInt());
  connect(tabs_, &QTabWidget::currentChanged, this, &RoutingPage::on_tab);
  on_tab();
}

void RoutingPage::add_map_actions() {
  add_action(
      "play", tr("Play or stop"), QKeySequence("Space"),
      [this] {
        if (play_->isActive()) return play_->stop();
        if (steps_->value() == steps_->maximum()) steps_->setValue(0);
        play_->start(kPlayMs);
      },
      true);
  add_action(
      "ablate", tr("Ablate this expert"), QKeySequence("X"), [this] { ablate(false); }, true);
  add_action("ablate-layer", tr("Ablate each expert of this layer, one at a time"), QKeySequence("Shift+X"),
             [this] { ablate(true); });
  add_action(
      "take", tr("Take along ..."), QKeySequence("Ctrl+S"), [this] { take_along(takeaway()); }, true);
  add_action("take-expert", tr("Take the chosen expert's curve along"), QKeySequence("Ctrl+Shift+S"),
             [this] { take_along(expert_->takeaway()); });
}

void RoutingPage::add_probe_actions() {
  add_action("tab", tr("Map, or words and patches"), QKeySequence("Ctrl+T"),
             [this] { tabs_->setCurrentIndex(1 - tabs_->currentIndex()); });
  add_action("ask", tr("Ask the probe set"), QKeySequence("Ctrl+Return"), [this] { probes_->ask(); });
  add_action("cancel", tr("Cancel the probe set"), QKeySequence("Esc"), [this] { probes_->cancel(); });
  add_action("questions", tr("Choose the probe set ..."), QKeySequence("Ctrl+O"),
             [this] { probes_->choose_questions(); });
}

bool RoutingPage::shows_probes() const {
  return tabs_->currentIndex() == 1;
}

// Each tab has its actions, so that a key means what is seen.
void RoutingPage::on_tab() {
  for (const char* action : {"play", "ablate", "ablate-layer"}) {
    QAction* of_map = context_.actions.find(QString("routing.") + action);
    of_map->setVisible(!shows_probes());
    of_map->setEnabled(!shows_probes());
  }
  for (const char* action : {"ask", "cancel", "questions"})
    context_.actions.find(QString("routing.") + action)->setEnabled(shows_probes());
  context_.preferences.setValue("routing/tab", tabs_->currentIndex());
  set_command(shows_probes() ? probes_->command() : map_command_);
  if (isVisible()) first_focus()->setFocus();
  if (!shows_probes()) return show_chosen();
  play_->stop();
  probes_->refresh();
}

QWidget* RoutingPage::first_focus() {
  return shows_probes() ? static_cast<QWidget*>(probes_) : map_;
}

void RoutingPage::try_sample() {
  if (shows_probes()) probes_->ask();
}

Takeaway RoutingPage::takeaway() const {
  if (shows_probes())
    return {"experts", probes_->drawn_size(), [this](QPainter& painter) { probes_->draw(painter); },
            [this] { return probes_->csv(); }};
  return {"routing", map_->size(), [this](QPainter& painter) { map_->draw(painter, map_->size()); },
          [this] { return map_->csv(); }};
}

void RoutingPage::build() {
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  empty_->setObjectName("routing.empty");
  what_->setForegroundRole(QPalette::PlaceholderText);
  what_->setObjectName("routing.what");
  map_->setObjectName("routing.map");
  auto* upper = new QSplitter;
  upper->addWidget(map_);
  upper->addWidget(make_side());
  upper->setStretchFactor(0, 1);
  upper->setHandleWidth(12);
  upper->setSizes({660, 370});

  steps_->setObjectName("routing.steps");
  steps_->setAccessibleName(tr("Step"));
  auto* card = new QFrame;
  card->setObjectName("card");
  auto* inside = new QVBoxLayout(card);
  inside->addWidget(loss_, 1);
  inside->addWidget(expert_, 1);
  loss_->plot()->setMinimumHeight(kLeastLossHeight);  // the expert's curve stands below
  auto* full = new QWidget;
  auto* layout = new QVBoxLayout(full);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(make_controls());
  layout->addWidget(what_);
  layout->addWidget(upper, 2);
  layout->addWidget(card, 1);
  layout->addWidget(steps_);
  stack_->addWidget(empty_);
  stack_->addWidget(full);
  tabs_->setObjectName("routing.tabs");
  tabs_->addTab(stack_, tr("Map"));
  tabs_->addTab(probes_, tr("Words and patches"));
  body()->addWidget(tabs_, 1);
}

QWidget* RoutingPage::make_side() {
  QTableView* table = make_table(&balance_, tr("Balance of the layers"));
  table->setObjectName("routing.balance");
  table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  chosen_->setObjectName("routing.chosen");
  chosen_->setWordWrap(true);
  ablations_view_->setObjectName("routing.ablations");
  ablations_view_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  auto* side = new QWidget;
  side->setMinimumWidth(300);
  auto* layout = new QVBoxLayout(side);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(table, 1);
  layout->addWidget(chosen_);
  layout->addWidget(ablations_view_, 1);
  return side;
}

QWidget* RoutingPage::make_controls() {
  for (const auto measure :
       {RoutingMeasure::both, RoutingMeasure::load, RoutingMeasure::probability, RoutingMeasure::dropped})
    measure_->addItem(measure_name(measure));
  measure_->setObjectName("routing.measure");
  measure_->setAccessibleName(tr("What is shown"));
  split_->setAccessibleName(tr("Split"));
  split_->setObjectName("routing.split");
  minus_->setAccessibleName(tr("Minus run"));
  minus_->setObjectName("routing.minus");
  minus_->setMinimumWidth(160);
  auto* controls = new QWidget;
  auto* layout = new QHBoxLayout(controls);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(measure_);
  layout->addWidget(new QLabel(tr("of split")));
  layout->addWidget(split_);
  layout->addWidget(new QLabel(tr("minus")));
  layout->addWidget(minus_);
  layout->addStretch(1);
  return controls;
}

void RoutingPage::fill_others() {
  filling_ = true;
  minus_->clear();
  minus_->addItem(tr("nothing"), 0);
  for (const int64_t run : context_.pins.runs())
    minus_->addItem(tr("run %1 (pinned)").arg(run), qlonglong{run});
  minus_->setCurrentIndex(std::max(0, minus_->findData(qlonglong{other_})));
  minus_->setToolTip(tr("Pin runs (C in Runs) to subtract their routing"));
  filling_ = false;
}

bool RoutingPage::settled() const {
  return !busy_ && loss_->settled() && expert_->settled() && probes_->settled();
}

void RoutingPage::show_run(int64_t run) {
  run_ = run;
  step_.reset();
  refresh();
  if (run == 0) return;
  context_.history.ask(  // its model can be asked even when it recorded no routing
      this, probed_question_, [run](const Store& store) { return store.show(run); },
      [this](Answer<RunDetail> answer) {
        if (!answer.value) return;
        probed_ = true;
        probes_->show_run(*answer.value);
      });
}

void RoutingPage::subtract_run(int64_t run) {
  other_ = run;
  refresh();
}

RoutingPage::Shown RoutingPage::read(const Store& store, int64_t run, int64_t other, const std::string& split,
                                     std::optional<int64_t> step) {
  Shown shown;
  if (run == 0) run = newest_with_routing(store);
  shown.run = store.show(run);
  shown.splits = store.routing_splits(run);
  require(!shown.splits.empty(), "Run {} has recorded no routing.", run);
  shown.split = std::count(shown.splits.begin(), shown.splits.end(), split) ? split : shown.splits.front();
  shown.steps = store.routing_steps(run, shown.split);
  require(!shown.steps.empty(), "Run {} has recorded no routing of the split {}.", run, shown.split);
  shown.step = step_before(shown.steps, step.value_or(shown.steps.back()));
  shown.rows = store.routing(run, shown.split, shown.step);
  try {
    shown.evaluation = evaluation_of(store, run);
    shown.ablations = ablations_of(store, *shown.evaluation);
  } catch (const std::exception& e) {
    shown.no_evaluation = QString::fromUtf8(e.what());
  }
  for (const MetricSummary& metric : shown.run.metrics)
    if (metric.n > 1 && (shown.loss.empty() || metric.name.find("loss") != std::string::npos) &&
        shown.loss.find("loss") == std::string::npos)
      shown.loss = metric.name;
  if (other == 0) return shown;
  const auto other_steps = store.routing_steps(other, shown.split);
  require(!other_steps.empty(), "Run {} has recorded no routing of the split {}.", other, shown.split);
  shown.other_step = step_before(other_steps, shown.step);
  shown.other_rows = store.routing(other, shown.split, shown.other_step);
  return shown;
}

void RoutingPage::refresh() {
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  context_.history.ask(
      this, question_,
      [run = run_, other = other_, split = split_->currentText().toStdString(),
       step = step_](const Store& store) { return read(store, run, other, split, step); },
      [this](Answer<Shown> answer) {
        busy_ = false;
        if (answer.value) {
          fill(std::move(*answer.value));
        } else {
          empty_->setText(answer.error);
          stack_->setCurrentIndex(0);
          map_command_ = QStringList{"conclave-history", "export", "--what", "routing"};
          if (!shows_probes()) set_command(map_command_);
        }
        if (std::exchange(again_, false)) refresh();
      });
}

void RoutingPage::fill(Shown shown) {
  const bool other_run = shown.run.id != shown_.run.id || shown.loss != shown_.loss;
  shown_ = std::move(shown);
  filling_ = true;
  split_->clear();
  for (const auto& split : shown_.splits) split_->addItem(QString::fromStdString(split));
  split_->setCurrentText(QString::fromStdString(shown_.split));
  steps_->setRange(0, static_cast<int>(shown_.steps.size()) - 1);
  const auto at = std::lower_bound(shown_.steps.begin(), shown_.steps.end(), shown_.step);
  steps_->setValue(static_cast<int>(at - shown_.steps.begin()));
  steps_->setVisible(shown_.steps.size() > 1);
  filling_ = false;
  stack_->setCurrentIndex(1);
  loss_->setVisible(!shown_.loss.empty());
  const auto name = QString::fromStdString(shown_.run.name.empty() ? shown_.run.app + " " + shown_.run.verb
                                                                   : shown_.run.name);
  if (!shown_.loss.empty()) {
    if (other_run)
      loss_->show_metric(QString::fromStdString(shown_.loss), {{shown_.run.id, name, series_color(0)}});
    else
      loss_->reload();
    loss_->set_cursor(static_cast<double>(shown_.step));
  }
  QString what = tr("Run %1: %2 · split %3 · step %4")
                     .arg(shown_.run.id)
                     .arg(name, QString::fromStdString(shown_.split), count_text(shown_.step));
  if (other_ != 0) what += tr(" · minus run %1 at step %2").arg(other_).arg(count_text(shown_.other_step));
  what_->setText(what);
  map_command_ =
      QStringList{"conclave-history", "export", QString::number(shown_.run.id), "--what", "routing"};
  if (!shows_probes()) set_command(map_command_);
  // The newest run's model, where it can be asked; later runs change nothing.
  const bool asked = shown_.run.app == "vqa" || shown_.run.app == "model";
  if (run_ == 0 && !std::exchange(probed_, true) && asked) probes_->show_run(shown_.run);
  draw();
}

RoutingMeasure RoutingPage::measure() const {
  return static_cast<RoutingMeasure>(measure_->currentIndex());
}

void RoutingPage::draw() {
  auto matrices = routing_matrices(shown_.rows, measure());
  if (other_ != 0) matrices = subtract(matrices, routing_matrices(shown_.other_rows, measure()));
  map_->name_halves(measure_name(RoutingMeasure::load), measure_name(RoutingMeasure::probability));
  map_->set_matrices(std::move(matrices), other_ != 0 ? ColorMap::diverging : ColorMap::viridis);
  std::vector<TextTableModel::Row> rows;
  for (const Balance& balance : balance_of(shown_.rows))
    rows.push_back(
        {{balance.site, QString::number(balance.entropy, 'f', 3), QString::number(balance.cv, 'f', 3),
          balance.dead > 0 ? "⚠ " + QString::number(balance.dead) : "0",
          (balance.dropped > kManyDropped ? "⚠ " : "") + QString::number(100 * balance.dropped, 'f', 1) +
              " %"},
         balance.dead > 0 || balance.dropped > kManyDropped});
  balance_.set_rows(std::move(rows));
  show_chosen();
  show_ablations();
}

void RoutingPage::show_chosen() {
  const auto cell = map_->chosen();
  show_course();
  for (const char* action : {"routing.ablate", "routing.ablate-layer"})
    context_.actions.find(action)->setEnabled(cell && shown_.evaluation && !shows_probes());
  if (!cell)
    return chosen_->setText(
        tr("Choose an expert in the map to see what it is worth: the evaluation is run again "
           "without it."));
  const Matrix& matrix = map_->matrices()[static_cast<size_t>(cell->matrix)];
  QString text = tr("%1, expert %2: %3 of %4")
                     .arg(matrix.rows[cell->row])
                     .arg(cell->column)
                     .arg(number_text(matrix.at(cell->row, cell->column)), matrix.title);
  if (!matrix.below.empty())
    text += tr(", probability %1").arg(number_text(matrix.below_at(cell->row, cell->column)));
  if (shown_.evaluation)
    text += tr(" · “Ablate” repeats evaluation %1 without it").arg(shown_.evaluation->id);
  else
    text += " · " + shown_.no_evaluation;
  chosen_->setText(text);
}

// The chosen expert over the steps of the run; of one step there is no curve.
void RoutingPage::show_course() {
  const auto cell = map_->chosen();
  const bool has = cell && shown_.steps.size() > 1;
  context_.actions.find("routing.take-expert")->setEnabled(has && !shows_probes());
  loss_->parentWidget()->setVisible(has || !shown_.loss.empty());
  if (!has) return expert_->forget();
  ExpertCurve::Chosen chosen;
  chosen.split = shown_.split;
  chosen.site = routing_sites(shown_.rows)[cell->row].toStdString();
  chosen.modality = map_->matrices()[static_cast<size_t>(cell->matrix)].title.toStdString();
  chosen.expert = cell->column;
  chosen.runs = {shown_.run.id};
  if (other_ != 0) chosen.runs.push_back(other_);
  chosen.measure = measure();
  chosen.last_step = shown_.steps.back();
  expert_->show_expert(chosen);
  expert_->plot().set_cursor(static_cast<double>(shown_.step));
}

void RoutingPage::show_ablations() {
  std::vector<TextTableModel::Row> rows;
  for (const Ablation& ablation : shown_.ablations)
    for (const std::string& name : telling_metrics(*shown_.evaluation)) {
      const double with = shown_.evaluation->metric(name)->last;
      const MetricSummary* found = ablation.run ? ablation.run->metric(name) : nullptr;
      const double change = found ? found->last - with : 0;
      rows.push_back(
          {{ablation.experts, QString::fromStdString(name), number_text(with),
            found ? number_text(found->last) : QString(),
            found ? (change > 0 ? "+" : "") + number_text(change) : QString(), status_text(ablation.state)},
           found != nullptr});
    }
  ablations_view_->setVisible(!rows.empty());
  ablations_.set_rows(std::move(rows));
}

void RoutingPage::ablate(bool whole_layer) {
  const auto cell = map_->chosen();
  if (!cell || !shown_.evaluation) return;
  const std::string site = routing_sites(shown_.rows)[cell->row].toStdString();
  const auto experts = static_cast<int>(map_->matrices()[static_cast<size_t>(cell->matrix)].columns.size());
  std::vector<JobSpec> jobs;
  for (int expert = 0; expert < experts; ++expert)
    if (whole_layer || expert == cell->column) jobs.push_back(ablation_job(*shown_.evaluation, site, expert));
  set_command(words_of(jobs.front()));
  Q_EMIT wants_jobs(jobs);
}

}  // namespace conclave::ui
