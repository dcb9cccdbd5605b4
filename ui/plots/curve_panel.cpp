#include "ui/plots/curve_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QScrollArea>
#include <QSlider>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QStandardItemModel>
#include <QToolButton>
#include <algorithm>

#include "ui/plots/plot_export.h"

namespace conclave::ui {
namespace {

constexpr size_t kDrawnAtFirst = 4;
constexpr qsizetype kMostDrawn = 24;  // more plots than a person looks at only cost time
constexpr int kPlotHeight = 240;

// What says most comes first: losses and what has a goal.
bool matters(const MetricSummary& metric) {
  return !metric.goal.empty() || metric.name.find("loss") != std::string::npos ||
         metric.name.find("acc") != std::string::npos;
}

}  // namespace

CurvePanel::CurvePanel(Context& context, QWidget* parent)
    : QWidget(parent),
      context_(context),
      smoothing_(new QSlider(Qt::Horizontal)),
      axis_(new QComboBox),
      log_scale_(new QCheckBox(tr("Log scale"))),
      filter_(new QLineEdit),
      metrics_(new QStandardItemModel(this)),
      found_(new QSortFilterProxyModel(this)),
      list_(new QListView),
      grid_(new QGridLayout) {
  found_->setSourceModel(metrics_);
  found_->setFilterCaseSensitivity(Qt::CaseInsensitive);
  list_->setModel(found_);
  list_->setUniformItemSizes(true);
  list_->setObjectName("curves.metrics");
  list_->setAccessibleName(tr("Metrics to draw"));
  filter_->setPlaceholderText(tr("Find a metric"));
  filter_->setClearButtonEnabled(true);
  connect(filter_, &QLineEdit::textChanged, found_, &QSortFilterProxyModel::setFilterFixedString);
  connect(metrics_, &QStandardItemModel::itemChanged, this, [this](const QStandardItem* item) {
    drawn_.removeAll(item->text());
    if (item->checkState() == Qt::Checked && drawn_.size() < kMostDrawn) drawn_ << item->text();
    rebuild();
  });

  auto* side = new QWidget;
  auto* side_layout = new QVBoxLayout(side);
  side_layout->setContentsMargins(0, 0, 0, 0);
  side_layout->addWidget(filter_);
  side_layout->addWidget(list_, 1);
  auto* plots = new QWidget;
  plots->setLayout(grid_);
  grid_->setContentsMargins(0, 0, 0, 0);
  grid_->setSpacing(12);
  auto* scroll = new QScrollArea;
  scroll->setWidget(plots);
  scroll->setWidgetResizable(true);
  auto* split = new QSplitter;
  split->addWidget(scroll);
  split->addWidget(side);
  split->setStretchFactor(0, 1);
  split->setSizes({700, 180});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(make_tools());
  layout->addWidget(split, 1);
}

QWidget* CurvePanel::make_tools() {
  smoothing_->setRange(0, 99);
  smoothing_->setFixedWidth(140);
  smoothing_->setObjectName("curves.smoothing");
  smoothing_->setAccessibleName(tr("Smoothing"));
  smoothing_->setValue(context_.preferences.value("curves/smoothing", 0).toInt());
  axis_->addItems({tr("over steps"), tr("over time")});
  axis_->setObjectName("curves.axis");
  axis_->setAccessibleName(tr("Horizontal axis"));
  log_scale_->setObjectName("curves.log");
  auto* take = new QToolButton;
  take->setText(tr("Take along ..."));
  take->setObjectName("curves.take");
  take->setToolTip(tr("A plot as PNG, SVG or PDF, or its points as CSV"));
  connect(take, &QToolButton::clicked, this,
          [this, take] { choose_export(take->mapToGlobal(QPoint(0, take->height()))); });
  const auto restyle = [this] {
    context_.preferences.setValue("curves/smoothing", smoothing_->value());
    for (CurvePlot* plot : plots_) plot->set_style(style());
  };
  connect(smoothing_, &QSlider::valueChanged, this, restyle);
  connect(axis_, &QComboBox::currentIndexChanged, this, restyle);
  connect(log_scale_, &QCheckBox::toggled, this, restyle);

  auto* tools = new QWidget;
  auto* layout = new QHBoxLayout(tools);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(12);
  layout->addWidget(new QLabel(tr("Smoothing")));
  layout->addWidget(smoothing_);
  layout->addWidget(axis_);
  layout->addWidget(log_scale_);
  layout->addStretch(1);
  layout->addWidget(take);
  return tools;
}

CurveStyle CurvePanel::style() const {
  return {axis_->currentIndex() == 0 ? CurveAxis::step : CurveAxis::time, smoothing_->value() / 100.0,
          log_scale_->isChecked()};
}

void CurvePanel::show_runs(const std::vector<CurveSource>& sources,
                           const std::vector<MetricSummary>& metrics) {
  const auto same = [](const CurveSource& a, const CurveSource& b) {
    return a.run == b.run && a.label == b.label && a.color == b.color;
  };
  const bool same_runs = std::equal(sources.begin(), sources.end(), sources_.begin(), sources_.end(), same);
  sources_ = sources;
  const QStringList before = drawn_;
  list_metrics(metrics);
  if (same_runs && before == drawn_) return reload();
  rebuild();
}

void CurvePanel::list_metrics(const std::vector<MetricSummary>& metrics) {
  QStringList names, first;
  for (const bool important : {true, false})
    for (const MetricSummary& metric : metrics)
      if (matters(metric) == important) names << QString::fromStdString(metric.name);
  for (const MetricSummary& metric : metrics)  // a curve of one point tells nothing
    if (matters(metric) && metric.n > 1 && first.size() < static_cast<qsizetype>(kDrawnAtFirst))
      first << QString::fromStdString(metric.name);
  QStringList drawn;
  for (const QString& name : drawn_)
    if (names.contains(name)) drawn << name;
  if (drawn.isEmpty()) drawn = first.isEmpty() ? names.mid(0, 1) : first;
  drawn_ = drawn;
  bool same = metrics_->rowCount() == names.size();
  for (int i = 0; same && i < names.size(); ++i) same = metrics_->item(i)->text() == names[i];
  if (same) return;
  metrics_->clear();
  for (const QString& name : names) {
    auto* item = new QStandardItem(name);
    item->setCheckable(true);
    item->setEditable(false);
    item->setToolTip(name);
    item->setCheckState(drawn_.contains(name) ? Qt::Checked : Qt::Unchecked);
    metrics_->appendRow(item);
  }
}

void CurvePanel::rebuild() {
  const auto wanted = static_cast<size_t>(drawn_.size());
  while (plots_.size() > wanted) {
    delete plots_.back()->parentWidget();
    plots_.pop_back();
  }
  while (plots_.size() < wanted) {
    auto* card = new QFrame;
    card->setObjectName("card");
    auto* inside = new QVBoxLayout(card);
    auto* plot = new CurvePlot(context_.history);
    connect(plot, &CurvePlot::message, this, &CurvePanel::message);
    connect(plot, &CurvePlot::cursor_moved, this, [this](double x) {
      for (CurvePlot* other : plots_) other->set_cursor(x);
    });
    inside->addWidget(plot);
    card->setMinimumHeight(kPlotHeight);
    plots_.push_back(plot);
  }
  const int columns = wanted <= 1 ? 1 : 2;
  for (size_t i = 0; i < wanted; ++i) {
    const int at = static_cast<int>(i);
    grid_->addWidget(plots_[i]->parentWidget(), at / columns, at % columns);
    plots_[i]->set_style(style());
    plots_[i]->show_metric(drawn_[at], sources_);
  }
}

void CurvePanel::reload() {
  for (CurvePlot* plot : plots_)
    if (plot->isVisible()) plot->reload();
}

bool CurvePanel::settled() const {
  return std::all_of(plots_.begin(), plots_.end(), [](const CurvePlot* plot) { return plot->settled(); });
}

// Which plot, when there are several.
void CurvePanel::choose_export(const QPoint& at) {
  if (plots_.size() == 1) return ask_export(*plots_.front());
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->setObjectName("curves.take.menu");
  for (CurvePlot* plot : plots_)
    connect(menu->addAction(plot->metric()), &QAction::triggered, plot, [this, plot] { ask_export(*plot); });
  menu->popup(at);
}

void CurvePanel::ask_export(CurvePlot& plot) {
  const QString file = ask_export_file(this, QString(plot.metric()).replace('/', '-') + ".png", "png svg pdf csv");
  if (!file.isEmpty()) plot.export_to(file);
}

}  // namespace conclave::ui
