#include "ui/stream/stream_plots.h"

#include <QEvent>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/data/text_table_model.h"
#include "ui/plots/custom_plot.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kRowTickWidth = 80, kLeftMargin = 64, kLeastWidth = 200;
constexpr double kScoreMargin = 0.05;

QCustomPlot* make_plot(const QString& name, const QString& axis, int height) {
  auto* plot = new QCustomPlot;
  plot->setAccessibleName(name);
  plot->setMinimumSize(kLeastWidth, height);  // else the legend decides how narrow the window may be
  plot->setFocusPolicy(Qt::NoFocus);
  plot->yAxis->setLabel(axis);
  plot->xAxis->setNumberFormat("gb");
  return plot;
}

}  // namespace

StreamPlots::StreamPlots(QWidget* parent)
    : QWidget(parent),
      score_(make_plot(tr("Score over rows"), tr("accuracy"), 180)),
      weights_(make_plot(tr("Weights of the experts over rows"), tr("router's weight"), 120)),
      overall_(score_->addGraph()),
      window_(score_->addGraph()),
      kappa_(score_->addGraph()),
      flags_(score_->addGraph()) {
  overall_->setName(tr("all rows"));
  window_->setName(tr("newest 1,000 rows"));
  kappa_->setName(tr("kappa, all rows"));
  flags_->setName(tr("drift, expert replaced"));
  flags_->setLineStyle(QCPGraph::lsNone);
  score_->legend->setVisible(true);
  // Above the curves, where it covers none.
  score_->plotLayout()->insertRow(0);
  score_->plotLayout()->addElement(0, 0, score_->legend);
  score_->plotLayout()->setRowStretchFactor(0, 0.001);
  score_->legend->setFillOrder(QCPLegend::foColumnsFirst);
  for (QCustomPlot* plot : {score_, weights_}) {  // one under the other
    plot->axisRect()->setAutoMargins(QCP::msTop | QCP::msRight | QCP::msBottom);
    plot->axisRect()->setMargins({kLeftMargin, 0, 0, 0});
  }
  weights_->xAxis->setLabel(tr("row"));
  weights_->yAxis->setRange(0, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(score_, 3);
  layout->addWidget(weights_, 2);
  color();
}

void StreamPlots::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) color();
}

void StreamPlots::color() {
  const QColor text = palette().color(QPalette::WindowText), line = palette().color(QPalette::Mid);
  for (QCustomPlot* plot : {score_, weights_}) {
    plot->setBackground(palette().color(QPalette::Base));
    for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
      axis->setBasePen(QPen(line));
      axis->setTickPen(QPen(line));
      axis->setSubTickPen(QPen(Qt::NoPen));
      axis->setTickLabelColor(muted(palette()));
      axis->setLabelColor(muted(palette()));
      axis->grid()->setPen(QPen(line, 1, Qt::DotLine));
    }
  }
  score_->legend->setBrush(palette().color(QPalette::Base));
  score_->legend->setTextColor(text);
  score_->legend->setBorderPen(QPen(Qt::NoPen));
  overall_->setPen(QPen(muted(palette()), 1.4));
  window_->setPen(QPen(series_color(0), 2));
  kappa_->setPen(QPen(series_color(2), 1.4, Qt::DashLine));
  const QColor flag = status_color("failed");
  flags_->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssTriangleInverted, flag, flag, 9));
  score_->replot(QCustomPlot::rpQueuedReplot);
  weights_->replot(QCustomPlot::rpQueuedReplot);
}

void StreamPlots::show_trace(const StreamTrace& trace, bool kappa) {
  show_score(trace, kappa);
  show_events(trace);
  show_weights(trace);
  for (QCustomPlot* plot : {score_, weights_}) {
    const auto last = trace.empty() ? 1.0 : static_cast<double>(trace.last().rows);
    plot->xAxis->setRange(0, std::max(1.0, last));
    plot->xAxis->ticker()->setTickCount(std::max(2, plot->width() / kRowTickWidth));
    plot->replot(QCustomPlot::rpQueuedReplot);
  }
}

void StreamPlots::show_score(const StreamTrace& trace, bool kappa) {
  QVector<double> rows, all, recent, agreement;
  double low = 1e300, high = -1e300;
  const auto see = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const StreamRecord& point : trace.points()) {
    rows << static_cast<double>(point.rows);
    all << point.score;
    recent << point.window_score;
    agreement << point.kappa;
    see(point.score);
    see(point.window_score);
    if (kappa) see(point.kappa);
  }
  overall_->setData(rows, all, true);
  window_->setData(rows, recent, true);
  kappa_->setData(rows, kappa ? agreement : QVector<double>(rows.size(), qQNaN()), true);
  kappa_->setVisible(kappa);
  kappa ? kappa_->addToLegend() : kappa_->removeFromLegend();
  const bool regression = !trace.empty() && trace.last().regression;
  score_->yAxis->setLabel(regression ? tr("mean absolute error") : tr("accuracy"));
  if (low > high) low = 0, high = 1;
  const double margin = std::max(1e-3, (high - low) * kScoreMargin);
  score_->yAxis->setRange(low - margin, high + 3 * margin);  // room for the flags
}

void StreamPlots::show_events(const StreamTrace& trace) {
  QVector<double> rows, heights;
  for (const StreamTrace::Event& event : trace.events()) {
    if (!rows.isEmpty() && rows.back() == static_cast<double>(event.rows)) continue;
    rows << static_cast<double>(event.rows);
    heights << score_->yAxis->range().upper - score_->yAxis->range().size() * 0.03;
  }
  flags_->setData(rows, heights, true);
}

void StreamPlots::show_weights(const StreamTrace& trace) {
  const size_t experts = trace.experts();
  if (layers_.size() != experts) {
    weights_->clearGraphs();
    layers_.clear();
    for (size_t e = 0; e < experts; ++e) {
      QCPGraph* graph = weights_->addGraph();
      const QColor color = expert_color(static_cast<int>(e), static_cast<int>(experts));
      graph->setPen(QPen(color.darker(120), 0.8));
      graph->setBrush(color);
      graph->setName(tr("expert %1").arg(e));
      if (e > 0) graph->setChannelFillGraph(layers_.back());
      layers_.push_back(graph);
    }
  }
  QVector<double> rows;
  std::vector<QVector<double>> heights(experts);
  for (const StreamRecord& point : trace.points()) {
    if (point.weights.size() != experts || experts == 0) continue;
    rows << static_cast<double>(point.rows);
    double sum = 0;
    for (size_t e = 0; e < experts; ++e) heights[e] << (sum += point.weights[e]);
  }
  for (size_t e = 0; e < experts; ++e) layers_[e]->setData(rows, heights[e], true);
  weights_->setVisible(experts > 0);
}

Takeaway StreamPlots::takeaway(const StreamTrace& trace) const {
  const auto paint = [this](QPainter& painter) {
    draw_plot(*score_, painter);
    painter.translate(0, score_->height());
    draw_plot(*weights_, painter);
  };
  return {"stream", {score_->width(), score_->height() + weights_->height()}, paint, [&trace] {
            return csv(trace);
          }};
}

QString StreamPlots::csv(const StreamTrace& trace) {
  QStringList head{"row", "score", "window_score", "kappa", "rows_per_s", "memory_bytes"};
  for (size_t e = 0; e < trace.experts(); ++e) head << QString("weight_%1").arg(e);
  QString text = csv_line(head);
  for (const StreamRecord& point : trace.points()) {
    QStringList cells{QString::number(point.rows)};
    for (const double value :
         {point.score, point.window_score, point.kappa, point.rows_per_s, point.memory_bytes})
      cells << QString::number(value, 'g', 10);
    for (const double weight : point.weights) cells << QString::number(weight, 'g', 6);
    text += csv_line(cells);
  }
  return text;
}

}  // namespace conclave::ui
