#include "ui/home/home_page.h"

#include <QEvent>
#include <QFileInfo>
#include <QGridLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QToolButton>
#include <algorithm>
#include <filesystem>
#include <map>

#include "framework/history/machine.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/spark_lines.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int64_t kRecent = 10, kEndedShown = 5;
constexpr int64_t kLatelyMs = int64_t{24} * 3600 * 1000;
constexpr size_t kAlertsShown = 4, kHeadlines = 3;
constexpr int kTilesAcross = 4;

QLabel* explaining(const QString& text) {
  auto* label = new QLabel(text);
  label->setWordWrap(true);
  label->setForegroundRole(QPalette::PlaceholderText);
  label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  return label;
}

}  // namespace

PageInfo HomePage::info() {
  return {"home", tr("Home"), "home"};
}

HomePage::HomePage(Context& context)
    : Page(info(), context),
      closed_ms_(context.preferences.value(kClosed).toLongLong()),
      opened_ms_(context.preferences.value(kOpened).toLongLong()),
      runs_line_(explaining("")),
      attention_(new QLabel),
      news_(new QLabel),
      storage_(new QLabel),
      table_(make_table(&model_, tr("Recent runs"))),
      sparks_(new SparkLines(context.history, *table_)) {
  build();
  set_command({"conclave-history", "list", "--limit", QString::number(kRecent)});
  add_action(
      "open", tr("Open the run"), QKeySequence("Return"),
      [this] {
        const int row = table_->currentIndex().row();
        if (row >= 0) Q_EMIT wants_run(model_.at(row).id);
      },
      false, table_);
  connect(table_, &QTableView::doubleClicked, this,
          [this](const QModelIndex& at) { Q_EMIT wants_run(model_.at(at.row()).id); });
}

void HomePage::build() {
  auto* tiles = new QGridLayout;
  tiles->setSpacing(12);
  const auto add = [&](const char* glyph_name, const QString& title, QLabel* line, const QString& button,
                       std::function<void()> what) {
    const int place = tiles->count();
    tiles->addWidget(make_tile(glyph_name, title, line, button, std::move(what)), place / kTilesAcross,
                     place % kTilesAcross);
    tiles->setColumnStretch(place % kTilesAcross, 1);
  };
  const auto tries = [this](const char* page) { return [this, page] { Q_EMIT wants_sample(page); }; };
  const auto opens = [this](const char* page) { return [this, page] { Q_EMIT wants_page(page); }; };
  add("picture", tr("Ask about a picture"),
      explaining(tr("Answers with how sure the model is, and which experts saw which part.")),
      tr("Try on a sample"), tries("vqa"));
  add("wave", tr("Speak and compose"), explaining(tr("Digits in several voices, chorales and tunes.")),
      tr("Try on a sample"), tries("audio"));
  add("scan", tr("Read ultrasound"), explaining(tr("Outline, measures and a draft of the report.")),
      tr("Try on a sample"), tries("ultrasound"));
  add("stream", tr("Follow a stream"), explaining(tr("A mixture that learns on while the world changes.")),
      tr("Try on a sample"), tries("stream"));
  add("runs", tr("Look at runs"), runs_line_, tr("All runs"), opens("runs"));
  add("compare", tr("Compare runs"), explaining(tr("Curves over each other, what differs first.")),
      tr("Compare"), opens("compare"));
  add("routing", tr("See where tokens go"),
      explaining(tr("Layers by experts for each modality, step by step.")), tr("Routing"), opens("routing"));
  add("queue", tr("Queue work"), explaining(tr("Commands wait for a free slot and outlive this window.")),
      tr("Queue"), opens("queue"));
  attention_->setObjectName("home.attention");
  attention_->setWordWrap(true);
  attention_->setTextFormat(Qt::PlainText);
  attention_->setStyleSheet(QString("color: %1").arg(status_color("failed").name()));
  attention_->hide();
  news_->setObjectName("home.news");
  news_->setWordWrap(true);
  news_->setTextFormat(Qt::RichText);
  news_->setTextInteractionFlags(Qt::TextBrowserInteraction);
  news_->setAccessibleName(tr("What ended while this window was closed"));
  news_->hide();
  connect(news_, &QLabel::linkActivated, this,
          [this](const QString& run) { Q_EMIT wants_run(run.toLongLong()); });
  auto* recent = new QLabel(tr("Recent runs"));
  recent->setObjectName("heading");
  storage_->setForegroundRole(QPalette::PlaceholderText);
  storage_->setObjectName("home.storage");
  table_->setObjectName("home.runs");
  table_->horizontalHeader()->setStretchLastSection(false);
  table_->horizontalHeader()->setDefaultSectionSize(130);  // of metrics
  const int widths[] = {68, 200, 130, 110, 110, 100, 110};
  for (int i = 0; i < kRunColumns; ++i) table_->setColumnWidth(i, widths[i]);
  auto* line = new QHBoxLayout;
  line->addWidget(recent);
  line->addStretch(1);
  line->addWidget(storage_);
  body()->addLayout(tiles);
  body()->addWidget(attention_);
  body()->addWidget(news_);
  body()->addLayout(line);
  body()->addWidget(table_, 1);
}

QWidget* HomePage::make_tile(const QString& glyph_name, const QString& title, QLabel* line,
                             const QString& button, std::function<void()> what) {
  auto* tile = new QFrame;
  tile->setObjectName("card");
  auto* icon = new QToolButton;  // draws its icon anew when the colours change
  icon->setIcon(glyph(glyph_name));
  icon->setIconSize({20, 20});
  icon->setFocusPolicy(Qt::NoFocus);
  icon->setAttribute(Qt::WA_TransparentForMouseEvents);
  icon->setStyleSheet("QToolButton { border: none; background: transparent; padding: 0; }");
  auto* heading = new QLabel(title);
  heading->setObjectName("heading");
  heading->setWordWrap(true);  // four stand side by side in a narrow window, too
  auto* press = new QPushButton(button);
  press->setObjectName("home." + glyph_name);
  connect(press, &QPushButton::clicked, this, std::move(what));
  auto* top = new QHBoxLayout;
  top->setSpacing(8);
  top->addWidget(icon);
  top->addWidget(heading, 1);
  auto* layout = new QVBoxLayout(tile);
  layout->setContentsMargins(14, 10, 14, 10);
  layout->addLayout(top);
  layout->addWidget(line, 1);
  layout->addWidget(press, 0, Qt::AlignLeft);
  return tile;
}

QWidget* HomePage::first_focus() {
  return table_;
}

bool HomePage::settled() const {
  return !busy_ && sparks_->settled();
}

void HomePage::changeEvent(QEvent* event) {
  Page::changeEvent(event);
  if (event->type() != QEvent::PaletteChange) return;
  const QString text = news_->text();  // links keep the colour that they had when they were set
  news_->clear();
  news_->setText(text);
}

HomePage::State HomePage::read(const Store& store, int64_t closed_ms, int64_t opened_ms) {
  State state;
  RunFilter filter;
  state.all = store.count(filter);
  filter.status = "running";
  state.running = store.count(filter);
  filter.status = "failed";
  filter.started_after_ms = now_ms() - kLatelyMs;
  state.failed_lately = store.count(filter);
  if (closed_ms > 0) {
    RunFilter ended;
    ended.finished_after_ms = closed_ms;
    ended.finished_before_ms = opened_ms;
    state.all_ended = store.count(ended);
    ended.limit = kEndedShown;
    state.ended = store.list(ended, std::vector<std::string>{});
    for (const char* status : {"failed", "lost"}) {
      ended.status = status;
      state.ended_badly += store.count(ended);
    }
  }
  RunFilter recent;
  recent.limit = kRecent;
  state.runs = store.list(recent);
  for (const RunSummary& run : state.runs)
    for (Alert& alert : find_alerts(store, run)) state.alerts.push_back(std::move(alert));
  for (Alert& alert : find_disk_alerts(store)) state.alerts.push_back(std::move(alert));
  const auto path = QString::fromStdString(store.path().string());
  state.bytes = QFileInfo(path).size();
  // Asked of the file system itself: QStorageInfo knows no disk where mounts are not told, as in a container.
  std::error_code unknown;
  const auto space = std::filesystem::space(QFileInfo(path).absolutePath().toStdString(), unknown);
  state.free_bytes = unknown ? 0 : static_cast<qint64>(space.available);
  return state;
}

void HomePage::refresh() {
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  context_.history.ask(
      this, question_,
      [closed = closed_ms_, opened = opened_ms_](const Store& store) { return read(store, closed, opened); },
      [this](const Answer<State>& answer) {
        busy_ = false;
        fill(answer.value.value_or(State()));
        if (std::exchange(again_, false)) refresh();
      });
}

// The metric with a goal that most of these runs have is what came of them.
void HomePage::set_headlines(const std::vector<RunSummary>& runs) {
  std::map<QString, int> seen;
  for (const RunSummary& run : runs)
    for (const MetricSummary& metric : run.metrics)
      if (!metric.goal.empty() || metric.name.ends_with("loss")) ++seen[QString::fromStdString(metric.name)];
  std::vector<std::pair<int, QString>> most;
  for (const auto& [name, count] : seen) most.emplace_back(-count, name);
  std::sort(most.begin(), most.end());
  QStringList shown;
  for (size_t i = 0; i < most.size() && i < kHeadlines; ++i) shown << most[i].second;
  model_.set_columns(shown, {});
}

// "While this window was closed (since 14:02): 7 runs ended, 1 badly: 12: sweep-1 (failed), ..."
void HomePage::say_what_ended(const State& state) {
  news_->setVisible(state.all_ended > 0);
  if (state.all_ended == 0) return;
  QStringList runs;
  for (const RunSummary& run : state.ended) {
    const auto name = QString::fromStdString(run.name.empty() ? run.app + " " + run.verb : run.name);
    const QString link = QString("<a href='%1'>%1: %2</a>").arg(run.id).arg(name.left(60).toHtmlEscaped());
    runs << (run.status == "finished" ? link : link + " (" + status_text(run.status).toHtmlEscaped() + ")");
  }
  if (const auto more = state.all_ended - std::ssize(state.ended); more > 0)
    runs << tr("and %1 more").arg(more);
  QString text =
      tr("%n run(s) ended since %1, when this window was closed", "", static_cast<int>(state.all_ended))
          .arg(time_text(closed_ms_));
  if (state.ended_badly > 0)
    text += tr("; %n of them failed or got lost", "", static_cast<int>(state.ended_badly));
  news_->setText(text + ": " + runs.join(", "));
}

void HomePage::fill(const State& state) {
  runs_line_->setText(
      state.all == 0
          ? tr("Nothing has been run yet. Every run of every program is kept, and can be repeated.")
          : tr("%1 runs; %2 running now, %3 failed in the last day.")
                .arg(count_text(state.all), count_text(state.running), count_text(state.failed_lately)));
  QStringList alerts;
  for (size_t i = 0; i < state.alerts.size() && i < kAlertsShown; ++i) {
    const Alert& alert = state.alerts[i];
    const QString text = QString::fromStdString(alert.text).left(200);
    alerts << "⚠ " + (alert.run == 0 ? text : tr("Run %1: %2").arg(alert.run).arg(text));
  }
  if (state.alerts.size() > kAlertsShown) alerts << tr("and %1 more").arg(state.alerts.size() - kAlertsShown);
  attention_->setText(alerts.join("\n"));
  attention_->setVisible(!alerts.isEmpty());
  say_what_ended(state);
  set_headlines(state.runs);
  storage_->setText(
      state.bytes == 0
          ? QString()
          : tr("history %1, %2 free on its disk").arg(size_text(state.bytes), size_text(state.free_bytes)));
  model_.set_runs(state.runs);
  for (const RunColumn column : {RunColumn::experiment, RunColumn::tags}) {  // what no run has takes no room
    const bool has = std::any_of(state.runs.begin(), state.runs.end(), [&](const RunSummary& run) {
      return column == RunColumn::tags ? !run.tags.empty() : !run.experiment.empty();
    });
    table_->setColumnHidden(static_cast<int>(column), !has);
  }
  table_->setVisible(!state.runs.empty());
}

}  // namespace conclave::ui
