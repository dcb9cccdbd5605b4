#include "ui/compare/run_plots.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "ui/data/format.h"
#include "ui/data/text_table_model.h"
#include "ui/plots/custom_plot.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostAxes = 14;
constexpr size_t kMostLabels = 24;  // more cover each other; the mouse tells which run a point is
constexpr double kNear = 8;         // pixels
constexpr int kSide = 60, kHead = 34, kFoot = 24;

double distance_to(const QPointF& place, const QPointF& a, const QPointF& b) {
  const QPointF along = b - a, from = place - a;
  const double length = QPointF::dotProduct(along, along);
  const double at = length > 0 ? std::clamp(QPointF::dotProduct(from, along) / length, 0.0, 1.0) : 0;
  const QPointF off = from - at * along;
  return std::sqrt(QPointF::dotProduct(off, off));
}

QStringList labels_of(const std::vector<RunMark>& runs) {
  QStringList labels;
  for (const RunMark& run : runs) labels << run.label;
  return labels;
}

}  // namespace

std::vector<NumberColumn> number_columns(const std::vector<RunDetail>& runs) {
  std::map<std::string, std::vector<double>> parameters, metrics;
  const auto put = [&](auto& into, const std::string& name, size_t run, double value) {
    auto& column = into[name];
    column.resize(runs.size(), kMissing);
    column[run] = value;
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const RunParam& param : runs[i].params)
      if (param.value.is_number()) put(parameters, param.key, i, param.value.get<double>());
    for (const MetricSummary& metric : runs[i].metrics) put(metrics, metric.name, i, metric.last);
  }
  std::vector<NumberColumn> columns;
  for (auto& [name, values] : parameters) {
    const bool differs = std::any_of(values.begin(), values.end(), [&](double v) { return v != values[0]; });
    if (differs) columns.push_back({QString::fromStdString(name), false, std::move(values)});
  }
  for (auto& [name, values] : metrics)
    columns.push_back({QString::fromStdString(name), true, std::move(values)});
  return columns;
}

QString columns_csv(const std::vector<NumberColumn>& columns, const QStringList& runs) {
  QStringList head{"run"};
  for (const NumberColumn& column : columns) head << column.name;
  QString text = csv_line(head);
  for (qsizetype run = 0; run < runs.size(); ++run) {
    QStringList cells{runs[run]};
    for (const NumberColumn& column : columns) {
      const double value = column.values[static_cast<size_t>(run)];
      cells << (std::isnan(value) ? QString() : QString::number(value, 'g', 17));
    }
    text += csv_line(cells);
  }
  return text;
}

ScatterPlot::ScatterPlot(QWidget* parent)
    : QWidget(parent), across_(new QComboBox), up_(new QComboBox), plot_(new QCustomPlot) {
  setAccessibleName(tr("One number against another"));
  across_->setObjectName("scatter.across");
  up_->setObjectName("scatter.up");
  plot_->setFocusPolicy(Qt::NoFocus);
  auto* line = new QHBoxLayout;
  line->addWidget(new QLabel(tr("Across")));
  line->addWidget(across_, 1);
  line->addWidget(new QLabel(tr("Up")));
  line->addWidget(up_, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 8, 0, 0);
  layout->addLayout(line);
  layout->addWidget(plot_, 1);
  for (QComboBox* box : {across_, up_})
    connect(box, &QComboBox::currentIndexChanged, this, &ScatterPlot::draw);
  connect(plot_, &QCustomPlot::mouseMove, this, [this](const QMouseEvent* event) {
    QToolTip::showText(event->globalPosition().toPoint(), run_at(event->position()), plot_);
  });
}

QString ScatterPlot::run_at(const QPointF& place) const {
  QString nearest;
  double best = kNear;
  for (int i = 0; i < plot_->graphCount(); ++i) {
    const QCPGraph* point = plot_->graph(i);
    const double off =
        QLineF(place, point->coordsToPixels(point->dataMainKey(0), point->dataMainValue(0))).length();
    if (off >= best) continue;
    best = off;
    nearest = point->name();
  }
  return nearest;
}

void ScatterPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) draw();
}

void ScatterPlot::show_runs(std::vector<NumberColumn> columns, std::vector<RunMark> runs) {
  QStringList names;
  for (const NumberColumn& column : columns) names << column.name;
  columns_ = std::move(columns);
  runs_ = std::move(runs);
  for (QComboBox* box : {across_, up_}) {
    const QString before = box->currentText();
    const QSignalBlocker quiet(box);
    box->clear();
    box->addItems(names);
    const auto first_metric =
        std::find_if(columns_.begin(), columns_.end(), [](const auto& c) { return c.metric; });
    const auto usual = box == across_ ? 0 : static_cast<int>(first_metric - columns_.begin());
    box->setCurrentIndex(names.contains(before) ? static_cast<int>(names.indexOf(before))
                                                : std::min(usual, static_cast<int>(names.size()) - 1));
  }
  draw();
}

Takeaway ScatterPlot::takeaway() const {
  const auto paint = [this](QPainter& painter) { draw_plot(*plot_, painter); };
  const auto csv = [this] {
    std::vector<NumberColumn> two;
    for (const QComboBox* box : {across_, up_})
      if (box->currentIndex() >= 0) two.push_back(columns_[static_cast<size_t>(box->currentIndex())]);
    return columns_csv(two, labels_of(runs_));
  };
  return {"scatter", plot_->size(), paint, csv};
}

void ScatterPlot::draw() {
  plot_->clearPlottables();
  plot_->clearItems();
  plot_->setBackground(palette().color(QPalette::Base));
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setBasePen(QPen(palette().color(QPalette::Mid)));
    axis->setTickPen(QPen(palette().color(QPalette::Mid)));
    axis->setSubTickPen(QPen(Qt::NoPen));
    axis->setTickLabelColor(muted(palette()));
    axis->setLabelColor(muted(palette()));
    axis->grid()->setPen(QPen(palette().color(QPalette::Mid), 1, Qt::DotLine));
  }
  const int x = across_->currentIndex(), y = up_->currentIndex();
  if (x >= 0 && y >= 0) {
    plot_->xAxis->setLabel(across_->currentText());
    plot_->yAxis->setLabel(up_->currentText());
    for (size_t run = 0; run < runs_.size(); ++run) {
      const double a = columns_[static_cast<size_t>(x)].values[run],
                   b = columns_[static_cast<size_t>(y)].values[run];
      if (!std::isfinite(a) || !std::isfinite(b)) continue;
      QCPGraph* point = plot_->addGraph();
      point->setName(runs_[run].label);
      point->setLineStyle(QCPGraph::lsNone);
      point->setScatterStyle(
          QCPScatterStyle(QCPScatterStyle::ssDisc, runs_[run].color, runs_[run].color, 10));
      point->addData(a, b);
      if (runs_.size() > kMostLabels) continue;
      auto* label = new QCPItemText(plot_);
      label->setText(runs_[run].label);
      label->setColor(palette().color(QPalette::WindowText));
      label->setPositionAlignment(Qt::AlignLeft | Qt::AlignBottom);
      label->position->setCoords(a, b);
      label->setPadding({7, 0, 0, 3});
    }
    plot_->rescaleAxes();
    for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis})
      axis->setRange(axis->range().center(), std::max(axis->range().size() * 1.3, 1e-9), Qt::AlignCenter);
  }
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

ParallelPlot::ParallelPlot(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Settings and results of all runs"));
  setMouseTracking(true);
  setMinimumHeight(120);
}

void ParallelPlot::show_runs(std::vector<NumberColumn> columns, std::vector<RunMark> runs) {
  columns_ = std::move(columns);
  if (columns_.size() > kMostAxes) columns_.resize(kMostAxes);
  runs_ = std::move(runs);
  pointed_ = -1;
  ranges_.clear();
  for (const NumberColumn& column : columns_) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : column.values)
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    ranges_.emplace_back(low, high);
  }
  update();
}

Takeaway ParallelPlot::takeaway() const {
  return {"parallel", size(), [this](QPainter& painter) { draw(painter, size()); },
          [this] { return columns_csv(columns_, labels_of(runs_)); }};
}

std::vector<QPointF> ParallelPlot::line_of(size_t run, const QSize& size) const {
  std::vector<QPointF> line;
  const double step =
      columns_.size() > 1 ? (size.width() - 2.0 * kSide) / static_cast<double>(columns_.size() - 1) : 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const double value = columns_[c].values[run];
    if (!std::isfinite(value)) continue;
    const auto [low, high] = ranges_[c];
    const double share = high > low ? (value - low) / (high - low) : 0.5;
    line.emplace_back(kSide + step * static_cast<double>(c),
                      size.height() - kFoot - share * (size.height() - kHead - kFoot));
  }
  return line;
}

int ParallelPlot::run_at(const QPointF& place) const {
  int nearest = -1;
  double best = kNear;
  for (size_t run = 0; run < runs_.size(); ++run) {
    const auto line = line_of(run, size());
    for (size_t i = 1; i < line.size(); ++i)
      if (const double off = distance_to(place, line[i - 1], line[i]); off < best) {
        best = off;
        nearest = static_cast<int>(run);
      }
  }
  return nearest;
}

void ParallelPlot::mouseMoveEvent(QMouseEvent* event) {
  const int run = run_at(event->position());
  if (run == pointed_) return;
  pointed_ = run;
  QToolTip::showText(event->globalPosition().toPoint(), run < 0 ? "" : runs_[static_cast<size_t>(run)].label,
                     this);
  update();
}

void ParallelPlot::leaveEvent(QEvent*) {
  pointed_ = -1;
  update();
}

void ParallelPlot::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  draw(painter, size());
}

void ParallelPlot::draw(QPainter& painter, const QSize& size) const {
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(QRect({0, 0}, size), palette().color(QPalette::Base));
  if (columns_.size() < 2) {
    painter.setPen(muted(palette()));
    painter.drawText(QRect({0, 0}, size), Qt::AlignCenter,
                     tr("These runs have less than two numbers to compare"));
    return;
  }
  for (size_t run = 0; run < runs_.size(); ++run) {
    QPainterPath path;
    const auto line = line_of(run, size);
    for (size_t i = 0; i < line.size(); ++i) i == 0 ? path.moveTo(line[i]) : path.lineTo(line[i]);
    painter.setPen(QPen(runs_[run].color, static_cast<int>(run) == pointed_ ? 4 : 1.8));
    painter.drawPath(path);
  }
  const double step = (size.width() - 2.0 * kSide) / static_cast<double>(columns_.size() - 1);
  for (size_t c = 0; c < columns_.size(); ++c) {
    const double x = kSide + step * static_cast<double>(c);
    painter.setPen(QPen(palette().color(QPalette::WindowText), 1));
    painter.drawLine(QPointF(x, kHead), QPointF(x, size.height() - kFoot));
    const auto text = [&](double y, const QString& what) {
      const double width = std::max(40.0, std::min(step, 2.0 * kSide) - 6);
      painter.drawText(QRectF(x - width / 2, y, width, 16), Qt::AlignCenter,
                       painter.fontMetrics().elidedText(what, Qt::ElideMiddle, static_cast<int>(width)));
    };
    QFont font = painter.font();
    font.setBold(!columns_[c].metric);
    painter.setFont(font);
    text(0, columns_[c].name);
    font.setBold(false);
    painter.setFont(font);
    painter.setPen(muted(palette()));
    text(16, number_text(ranges_[c].second));
    text(size.height() - kFoot + 4, number_text(ranges_[c].first));
  }
}

}  // namespace conclave::ui
