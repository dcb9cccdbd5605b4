#include "ui/stream/stream_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QTimer>

#include "framework/base/error.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/custom_plot.h"
#include "ui/process/programs.h"
#include "ui/stream/confusion_view.h"
#include "ui/stream/stream_plots.h"
#include "ui/stream/tree_panel.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kDrawMs = 250;  // at most four pictures a second, however quick the stream is
constexpr size_t kEventsShown = 200;
constexpr int kSpeeds[] = {100000, 10000, 1000, 100};  // rows a second

}  // namespace

PageInfo StreamPage::info() {
  return {"stream", tr("Stream"), "stream"};
}

StreamPage::StreamPage(Context& context)
    : Page(info(), context),
      form_(new VerbForm("conclave-stream", "run",
                         {"stream", "generator", "label", "function", "positions", "width", "noise", "rows",
                          "learner", "set", "every", "stream-seed"},
                         {"json", "history", "config", "dry-run", "quiet", "device", "dtype", "control"})),
      tabs_(new QTabWidget),
      plots_(new StreamPlots),
      confusion_(new ConfusionView),
      trees_(new TreePanel),
      state_(new QLabel),
      readings_(new QLabel),
      experts_({tr("Expert"), tr("Kind"), tr("Weight"), tr("Led"), tr("New")}, {2, 3, 4}),
      events_({tr("Row"), tr("What happened")}, {0}),
      expert_table_(make_table(&experts_, tr("Experts"))),
      event_table_(make_table(&events_, tr("Drifts, births and deaths"))),
      kappa_(new QCheckBox(tr("Kappa"))),
      speed_(new QComboBox),
      draw_timer_(new QTimer(this)) {
  form_->keep_draft(context.preferences);
  build();
  add_actions();
  connect(form_, &VerbForm::changed, this, [this] { set_command(form_->command()); });
  connect(form_, &VerbForm::message, this, &StreamPage::message);
  connect(&process_, &LineProcess::line, this, &StreamPage::take_line);
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) { on_end(problem); });
  connect(speed_, &QComboBox::currentIndexChanged, this,
          [this] { process_.send("speed " + speed_->currentData().toByteArray()); });
  connect(kappa_, &QCheckBox::toggled, this, &StreamPage::draw);
  connect(draw_timer_, &QTimer::timeout, this, [this] {
    if (std::exchange(stale_, false)) draw();
  });
  set_command({"conclave-stream", "run"});
  say_state();
  draw();
}

void StreamPage::build() {
  auto* middle = new QWidget;
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* line = new QHBoxLayout;
  state_->setObjectName("stream.state");
  state_->setWordWrap(true);
  line->addWidget(state_, 1);
  speed_->setObjectName("stream.speed");
  speed_->setAccessibleName(tr("Speed"));
  speed_->addItem(tr("as fast as it can"), 0);
  for (const int rows : kSpeeds) speed_->addItem(tr("%1 rows a second").arg(count_text(rows)), rows);
  line->addWidget(speed_);
  kappa_->setObjectName("stream.kappa");
  line->addWidget(kappa_);
  layout->addLayout(line);
  tabs_->setDocumentMode(true);
  tabs_->setObjectName("stream.tabs");
  tabs_->addTab(plots_, tr("Curves"));
  tabs_->addTab(confusion_, tr("Confusion"));
  tabs_->addTab(trees_, tr("Trees"));
  layout->addWidget(tabs_, 1);
  connect(tabs_, &QTabWidget::currentChanged, this, [this] { ask_for_trees(); });
  connect(trees_, &TreePanel::wanted, this, &StreamPage::ask_for_trees);
  connect(expert_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& expert) {
            if (expert.isValid()) trees_->choose_expert(expert.row());
          });
  connect(expert_table_, &QTableView::doubleClicked, this, [this](const QModelIndex& expert) {
    if (trees_->choose_expert(expert.row())) tabs_->setCurrentWidget(trees_);
  });
  auto* split = new QSplitter;
  split->addWidget(form_);
  split->addWidget(middle);
  split->addWidget(make_readings());
  split->setHandleWidth(12);
  split->setStretchFactor(1, 1);
  split->setSizes({260, 540, 280});
  form_->setMinimumWidth(230);
  body()->addWidget(split, 1);
}

QWidget* StreamPage::make_readings() {
  readings_->setObjectName("stream.readings");
  readings_->setTextFormat(Qt::RichText);
  readings_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  expert_table_->setObjectName("stream.experts");
  event_table_->setObjectName("stream.events");
  const int widths[] = {58, 62, 62, 52};
  for (int i = 0; i < 4; ++i) expert_table_->setColumnWidth(i, widths[i]);
  event_table_->setColumnWidth(0, 76);
  const auto heading = [](const QString& text) {
    auto* label = new QLabel(text);
    label->setObjectName("heading");
    return label;
  };
  auto* right = new QWidget;
  right->setMinimumWidth(230);
  auto* layout = new QVBoxLayout(right);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(readings_);
  layout->addWidget(heading(tr("Experts")));
  layout->addWidget(expert_table_, 3);
  layout->addWidget(heading(tr("Drifts, births and deaths")));
  layout->addWidget(event_table_, 2);
  return right;
}

void StreamPage::add_actions() {
  add_action(
      "sample", tr("Try on a drifting stream"), {}, [this] { try_sample(); }, true);
  add_action(
      "start", tr("Start"), QKeySequence("Ctrl+Return"), [this] { start(); }, true);
  QAction* pause_action = add_action(
      "pause", tr("Pause"), QKeySequence("Ctrl+P"),
      [this] { pause(context_.actions.find("stream.pause")->isChecked()); }, true);
  pause_action->setCheckable(true);
  add_action(
      "step", tr("Step"), QKeySequence("Ctrl+Right"), [this] { step(); }, true);
  add_action(
      "drift", tr("Drift now"), QKeySequence("Ctrl+D"), [this] { drift(); }, true);
  add_action(
      "stop", tr("Stop"), QKeySequence("Esc"), [this] { process_.cancel(); }, true);
  add_action("save", tr("Save these settings"), QKeySequence("Ctrl+Shift+S"),
             [this] { form_->choose_preset(true); });
  add_action("load", tr("Load settings"), QKeySequence("Ctrl+O"), [this] { form_->choose_preset(false); });
  add_action("defaults", tr("All settings back to their defaults"), {}, [this] { form_->clear(); });
  add_action("take", tr("Take the curves or the matrix along"), QKeySequence("Ctrl+S"),
             [this] { take_along(takeaway()); });
}

Takeaway StreamPage::takeaway() const {
  return tabs_->currentWidget() == confusion_ ? confusion_->takeaway() : plots_->takeaway(trace_);
}

// While it runs; the last record brings them by itself.
void StreamPage::ask_for_trees() {
  if (tabs_->currentWidget() == trees_ && process_.running()) process_.send("trees");
}

void StreamPage::refresh() {
  form_->prepare();
}

QWidget* StreamPage::first_focus() {
  return form_;
}

void StreamPage::try_sample() {
  form_->clear();
  form_->set_value("generator", "sea");
  form_->set_value("function", Json::array({1, 3, 2}));
  form_->set_value("positions", Json::array({30000, 60000}));
  form_->set_value("rows", 90000);
  form_->set_value("every", 500);
  form_->when_ready([this] { start(); });
}

void StreamPage::start() {
  if (process_.running()) return;
  const QString program = find_program("conclave-stream"), wrong = form_->problem();
  if (!wrong.isEmpty()) return Q_EMIT message(wrong, true);
  trace_.clear();
  trouble_.clear();
  if (!form_->ready()) {
    form_->prepare();
    connect(
        form_, &VerbForm::became_ready, this, [this] { start(); }, Qt::SingleShotConnection);
    return;
  }
  QStringList words = form_->command().mid(1);
  words.insert(1, "--json");
  words << "--control"
        << "--quiet"
        << "--history" << QString::fromStdString(std::filesystem::absolute(context_.history.path()).string());
  draw_timer_->start(kDrawMs);
  paused_ = false;
  process_.start(program, words, true);
  if (speed_->currentIndex() > 0) process_.send("speed " + speed_->currentData().toByteArray());
  draw();
}

void StreamPage::pause(bool paused) {
  process_.send(paused ? "pause" : "go");
  if (!paused) paused_ = false;  // that it stands is told by itself
  say_state();
}

void StreamPage::step() {
  process_.send("step");
}

void StreamPage::drift() {
  process_.send("drift");
}

void StreamPage::take_line(const QByteArray& line) {
  try {
    StreamRecord record = parse_stream_record(line);
    if (record.trees.is_array()) trees_->show_trees(std::exchange(record.trees, Json()), record.rows);
    if (record.only_trees) return;
    const bool told = std::exchange(paused_, record.paused) != paused_;
    trace_.add(std::move(record));
    if (!told) return void(stale_ = true);
    say_state();
    if (paused_) ask_for_trees();  // as they stand where it stands
  } catch (const std::exception& e) {
    trouble_ = tr("What the program said is no record: %1").arg(QString::fromUtf8(e.what()).left(200));
  }
  stale_ = true;
}

void StreamPage::on_end(const QString& problem) {
  draw_timer_->stop();
  if (!problem.isEmpty() && problem != tr("cancelled")) {
    const QString said = process_.errors().section('\n', -1).trimmed();
    if (!process_.cancelling()) trouble_ = said.isEmpty() ? problem : problem + ": " + said;
  }
  draw();
}

void StreamPage::say_state() {
  QString text;
  if (process_.cancelling() && process_.running())
    text = tr("stopping…");
  else if (paused())
    text = tr("paused after row %1").arg(trace_.empty() ? "0" : count_text(trace_.last().rows));
  else if (process_.running())
    text = trace_.empty() ? tr("starting…") : tr("row %1").arg(count_text(trace_.last().rows));
  else if (trace_.empty() && trouble_.isEmpty())
    text = tr("Choose a file or a generator and a learner, then Start. Each row is predicted, then learned.");
  else if (!trace_.empty())
    text = tr("ended after row %1").arg(count_text(trace_.last().rows));
  if (!trouble_.isEmpty()) text += (text.isEmpty() ? "⚠ " : "   ⚠ ") + trouble_;
  state_->setText(text);
  const bool running = process_.running();
  context_.actions.find("stream.start")->setVisible(!running);
  context_.actions.find("stream.sample")->setVisible(!running);
  context_.actions.find("stream.stop")->setVisible(running);
  QAction* pause_action = context_.actions.find("stream.pause");
  pause_action->setVisible(running);
  pause_action->setChecked(paused());
  context_.actions.find("stream.step")->setVisible(paused());
  context_.actions.find("stream.drift")->setVisible(running && form_->values().contains("generator"));
  Q_EMIT badge(paused() ? "❚❚" : running ? "●" : "");
}

void StreamPage::draw() {
  plots_->show_trace(trace_, kappa_->isChecked());
  confusion_->show_counts(trace_.empty() ? ConfusionCounts() : trace_.last().confusion);
  say_state();
  if (trace_.empty()) {
    trees_->show_trees(Json::array(), 0);
    readings_->clear();
    experts_.set_rows({});
    events_.set_rows({});
    return;
  }
  const StreamRecord& now = trace_.last();
  QString text = "<table cellspacing=4>";
  const auto row = [&](const QString& name, const QString& value) {
    text += QString("<tr><td>%1</td><td align=right><b>%2</b></td></tr>").arg(name, value);
  };
  if (now.regression) {
    row(tr("Mean absolute error"), number_text(now.score));
    row(tr("newest 1,000 rows"), number_text(now.window_score));
  } else {
    row(tr("Accuracy"), QString::number(now.score, 'f', 4));
    row(tr("newest 1,000 rows"), QString::number(now.window_score, 'f', 4));
    row(tr("Kappa"), QString::number(now.kappa, 'f', 4));
  }
  row(tr("Rows a second"), count_text(static_cast<int64_t>(now.rows_per_s)));
  row(tr("Memory of the learner"), size_text(static_cast<int64_t>(now.memory_bytes)));
  row(tr("Drifts and replacements"), count_text(trace_.event_count()));
  for (size_t i = 0; i < now.recall.size() && i < 8; ++i)
    row(tr("Recall of class %1").arg(i), QString::number(now.recall[i], 'f', 3));
  readings_->setText(text + "</table>");

  std::vector<TextTableModel::Row> rows;
  const Json kinds = now.model.is_object() ? now.model.value("experts", Json::array()) : Json::array();
  for (size_t e = 0; e < now.weights.size(); ++e) {
    const bool told = e < kinds.size() && kinds[e].is_object();
    const int64_t births = told ? kinds[e].value("births", int64_t{0}) : 0;
    rows.push_back({{QString::number(e), told ? QString::fromStdString(kinds[e].value("kind", "")) : "",
                     QString::number(100 * now.weights[e], 'f', 1) + " %",
                     e < now.led.size() ? QString::number(100 * now.led[e], 'f', 1) + " %" : "",
                     told ? QString::number(std::max<int64_t>(0, births - 1)) : ""},
                    false});
  }
  experts_.set_rows(std::move(rows));
  std::vector<TextTableModel::Row> happened;
  const auto& events = trace_.events();
  for (size_t i = events.size(); i-- > 0 && happened.size() < kEventsShown;)
    happened.push_back({{count_text(events[i].rows), events[i].text}, false});
  events_.set_rows(std::move(happened));
}

}  // namespace conclave::ui
