#include "ui/compare/compare_page.h"

#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTimer>
#include <QToolButton>
#include <map>

#include "ui/compare/compare_tables.h"
#include "ui/compare/pins.h"
#include "ui/compare/run_plots.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/curve_panel.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kComparingShare = 20;  // reading many runs takes at most this part of the time

QString name_of(const RunDetail& run) {
  const auto name = QString::fromStdString(run.name.empty() ? run.app + " " + run.verb : run.name);
  return QString("%1: %2").arg(run.id).arg(name);
}

}  // namespace

PageInfo ComparePage::info() {
  return {"compare", tr("Compare"), "compare"};
}

ComparePage::ComparePage(Context& context)
    : Page(info(), context),
      parameters_({}),
      metrics_({}),
      later_(new QTimer(this)),
      stack_(new QStackedWidget),
      chips_(new QHBoxLayout),
      curves_(new CurvePanel(context)),
      tabs_(new QTabWidget),
      parallel_(new ParallelPlot),
      scatter_(new ScatterPlot) {
  build();
  later_->setSingleShot(true);
  connect(later_, &QTimer::timeout, this, &ComparePage::read);
  add_action(
      "clear", tr("Unpin all"), {}, [this] { context_.pins.clear(); }, true);
  add_action("take", tr("Take this table or plot along"), QKeySequence("Ctrl+S"),
             [this] { take_along(takeaway()); });
  connect(curves_, &CurvePanel::message, this, &Page::message);
  connect(&context.pins, &Pins::changed, this, &ComparePage::read);
  set_command({"conclave-history", "compare"});
}

Takeaway ComparePage::takeaway() const {
  if (tabs_->currentWidget() == parallel_) return parallel_->takeaway();
  if (tabs_->currentWidget() == scatter_) return scatter_->takeaway();
  const bool metrics = tabs_->currentIndex() == 0;
  return {metrics ? "metrics" : "parameters", {}, {}, [this, metrics] {
            return metrics ? metrics_.csv() : parameters_.csv();
          }};
}

void ComparePage::show_parallel_axes() {
  tabs_->setCurrentWidget(parallel_);
}

void ComparePage::build() {
  auto* nothing = new QWidget;
  auto* nothing_layout = new QVBoxLayout(nothing);
  auto* hint =
      new QLabel(tr("Runs that you pin stand here side by side.\nIn Runs, choose some and press C."));
  hint->setAlignment(Qt::AlignCenter);
  hint->setForegroundRole(QPalette::PlaceholderText);
  auto* button = new QPushButton(tr("Choose runs"));
  button->setObjectName("primary");
  connect(button, &QPushButton::clicked, this, [this] { Q_EMIT wants_page("runs"); });
  nothing_layout->addStretch(1);
  nothing_layout->addWidget(hint);
  nothing_layout->addWidget(button, 0, Qt::AlignCenter);
  nothing_layout->addStretch(1);

  tabs_->setDocumentMode(true);
  const std::tuple<QString, const char*, TextTableModel*> tables[] = {
      {tr("Metrics"), "compare.metrics", &metrics_}, {tr("Parameters"), "compare.parameters", &parameters_}};
  for (const auto& [title, id, model] : tables) {
    QTableView* table = make_table(model, title);
    table->setObjectName(id);
    table->horizontalHeader()->setStretchLastSection(false);
    table->horizontalHeader()->setDefaultSectionSize(170);
    tabs_->addTab(table, title);
  }
  tabs_->setObjectName("compare.tabs");
  tabs_->addTab(parallel_, tr("Parallel axes"));
  tabs_->addTab(scatter_, tr("Scatter"));
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(curves_);
  split->addWidget(tabs_);
  split->setStretchFactor(0, 1);
  split->setHandleWidth(12);
  split->setSizes({430, 220});
  auto* chips = new QWidget;
  chips->setLayout(chips_);
  chips_->setContentsMargins(0, 0, 0, 0);
  auto* strip = new QScrollArea;  // a hundred runs are as wide as they are; the window is not
  strip->setObjectName("compare.chips");
  strip->setWidget(chips);
  strip->setWidgetResizable(true);
  strip->setFrameShape(QFrame::NoFrame);
  strip->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  strip->setFixedHeight(QToolButton().sizeHint().height() + 2 +
                        strip->horizontalScrollBar()->sizeHint().height());
  auto* full = new QWidget;
  auto* full_layout = new QVBoxLayout(full);
  full_layout->setContentsMargins(0, 0, 0, 0);
  full_layout->addWidget(strip);
  full_layout->addWidget(split, 1);
  stack_->addWidget(nothing);
  stack_->addWidget(full);
  body()->addWidget(stack_, 1);
}

bool ComparePage::settled() const {
  return !busy_ && (runs_.empty() || curves_->settled());
}

void ComparePage::refresh() {
  const qint64 pause = reading_ms_ * kComparingShare;
  if (busy_ || !since_read_.isValid() || since_read_.elapsed() >= pause) return read();
  if (!later_->isActive()) later_->start(static_cast<int>(pause - since_read_.elapsed()) + 1);
}

void ComparePage::read() {
  if (busy_) {
    again_ = true;
    return;
  }
  later_->stop();
  busy_ = true;
  QElapsedTimer watch;
  watch.start();
  asked_ = context_.pins.runs();
  context_.history.ask(
      this, question_,
      [ids = asked_](const Store& store) {
        std::vector<RunDetail> runs;
        for (const int64_t id : ids) {
          try {
            runs.push_back(store.show(id));
          } catch (const std::exception&) {  // removed meanwhile
          }
        }
        return runs;
      },
      [this, watch](Answer<std::vector<RunDetail>> answer) {
        busy_ = false;
        runs_ = answer.value ? std::move(*answer.value) : std::vector<RunDetail>();
        fill();
        since_read_.start();
        reading_ms_ = watch.elapsed();
        const bool again = std::exchange(again_, false);
        if (asked_ != context_.pins.runs()) return read();
        if (again) refresh();
      });
}

void ComparePage::set_baseline(int64_t run) {
  baseline_ = run;
  fill();
}

void ComparePage::fill() {
  stack_->setCurrentIndex(runs_.empty() ? 0 : 1);
  QStringList words{"conclave-history", "compare"}, headers{""};
  size_t baseline = 0;
  std::vector<CurveSource> sources;
  std::map<std::string, MetricSummary> metrics;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const RunDetail& run = runs_[i];
    words << QString::number(run.id);
    headers << name_of(run);
    if (run.id == baseline_) baseline = i;
    sources.push_back({run.id, name_of(run), series_color(static_cast<int>(i))});
    for (const MetricSummary& metric : run.metrics) metrics.emplace(metric.name, metric);
  }
  set_command(words);
  QStringList metric_headers = headers;
  if (differ_by_seed(runs_)) metric_headers << tr("Mean of %1 seeds, 95 %").arg(runs_.size());
  if (metric_headers != headers_) {
    headers_ = metric_headers;
    metrics_.set_headers(metric_headers);
    parameters_.set_headers(headers);
  }
  metrics_.set_rows(metric_rows(runs_, baseline));
  parameters_.set_rows(parameter_rows(runs_));
  baseline_ = baseline < runs_.size() ? runs_[baseline].id : 0;
  std::vector<RunMark> marks;
  for (const CurveSource& source : sources) marks.push_back({source.label, source.color});
  const std::vector<NumberColumn> columns = number_columns(runs_);
  parallel_->show_runs(columns, marks);
  scatter_->show_runs(columns, marks);
  fill_chips();
  if (runs_.empty()) return;
  std::vector<MetricSummary> all;
  for (auto& [name, metric] : metrics) all.push_back(metric);
  curves_->show_runs(sources, all);
}

// A chip a run: its colour and name; a click makes it the baseline, the cross unpins it.
void ComparePage::fill_chips() {
  QStringList wanted;
  for (const RunDetail& run : runs_) wanted << (run.id == baseline_ ? "= " : "") + name_of(run);
  if (wanted == chips_shown_) return;
  chips_shown_ = wanted;
  while (QLayoutItem* item = chips_->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  for (size_t i = 0; i < runs_.size(); ++i) {
    const int64_t id = runs_[i].id;
    auto* chip = new QToolButton;
    chip->setIcon(dot(series_color(static_cast<int>(i))));
    chip->setText(id == baseline_ ? tr("%1 (baseline)").arg(name_of(runs_[i])) : name_of(runs_[i]));
    chip->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    chip->setToolTip(tr("Show differences to this run"));
    chip->setObjectName(QString("chip.%1").arg(id));
    connect(chip, &QToolButton::clicked, this, [this, id] { set_baseline(id); });
    auto* cross = new QToolButton;
    cross->setText("×");
    cross->setObjectName(QString("unpin.%1").arg(id));
    cross->setStyleSheet(
        "QToolButton { padding: 5px 6px; border-color: transparent; background: transparent; }");
    cross->setToolTip(tr("Unpin"));
    cross->setAccessibleName(tr("Unpin run %1").arg(id));
    connect(cross, &QToolButton::clicked, this, [this, id] { context_.pins.unpin(id); });
    chips_->addWidget(chip);
    chips_->addWidget(cross);
  }
  chips_->addStretch(1);
}

}  // namespace conclave::ui
