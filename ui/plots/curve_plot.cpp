#include "ui/plots/curve_plot.h"

#include <QLabel>
#include <QTextDocumentFragment>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/plots/custom_plot.h"
#include "ui/plots/dense_curve.h"
#include "ui/plots/plot_export.h"
#include "ui/plots/smoothing.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {
constexpr int kZoomPauseMs = 60;
constexpr int kFewestColumns = 200;
constexpr int kTickWidth = 110;          // so that labels of a million steps stand apart
constexpr size_t kFewPoints = 60;        // so few are drawn with a mark each
constexpr qsizetype kMostReadings = 12;  // of the cursor, which would be wider than the plot
constexpr double kLineWidth = 1.6;

// "250k", "3M": labels of long runs stand apart in narrow plots.
class StepTicker : public QCPAxisTicker {
 protected:
  QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override {
    const double size = std::abs(tick);
    if (size >= 1e6) return locale.toString(tick / 1e6, 'g', precision) + "M";
    if (size >= 1e4) return locale.toString(tick / 1e3, 'g', precision) + "k";
    return QCPAxisTicker::getTickLabel(tick, locale, format, precision);
  }
};
}  // namespace

CurvePlot::CurvePlot(HistoryThread& history, QWidget* parent)
    : QWidget(parent),
      history_(history),
      plot_(new QCustomPlot),
      cursor_(new QCPItemStraightLine(plot_)),
      title_(new QLabel),
      reading_(new QLabel),
      zoom_timer_(new QTimer(this)) {
  title_->setObjectName("heading");
  reading_->setForegroundRole(QPalette::PlaceholderText);
  reading_->setTextFormat(Qt::RichText);
  plot_->xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new StepTicker));
  plot_->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  plot_->axisRect()->setRangeDrag(Qt::Horizontal);
  plot_->axisRect()->setRangeZoom(Qt::Horizontal);
  plot_->setNoAntialiasingOnDrag(true);
  plot_->setMinimumHeight(160);
  plot_->setFocusPolicy(Qt::NoFocus);
  cursor_->setVisible(false);
  auto* head = new QHBoxLayout;
  head->addWidget(title_);
  head->addStretch(1);
  head->addWidget(reading_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  layout->addLayout(head);
  layout->addWidget(plot_, 1);
  color_axes();

  zoom_timer_->setSingleShot(true);
  connect(zoom_timer_, &QTimer::timeout, this, &CurvePlot::reload);
  connect(plot_->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this] {
    if (placing_) return;
    zoomed_ = true;
    fit_height();
    zoom_timer_->start(kZoomPauseMs);
  });
  connect(plot_, &QCustomPlot::mouseDoubleClick, this, [this] { show_all(); });
  connect(plot_, &QCustomPlot::mouseMove, this, [this](const QMouseEvent* event) {
    Q_EMIT cursor_moved(plot_->xAxis->pixelToCoord(event->pos().x()));
  });
  connect(this, &CurvePlot::cursor_moved, this, &CurvePlot::set_cursor);
}

void CurvePlot::show_metric(const QString& metric, const std::vector<CurveSource>& sources) {
  if (metric != metric_) zoomed_ = false;
  metric_ = metric;
  title_->setText(metric);
  setAccessibleName(tr("Curve of %1").arg(metric));
  curves_.clear();
  for (const CurveSource& source : sources) curves_.push_back({source, {}});
  again_ = false;
  busy_ = false;
  reload();
}

void CurvePlot::show_points(const QString& title, std::vector<Curve> curves) {
  metric_.clear();
  title_->setText(title);
  setAccessibleName(tr("Curve of %1").arg(QTextDocumentFragment::fromHtml(title).toPlainText()));
  curves_ = std::move(curves);
  draw();
  set_cursor(cursor_x_);
}

void CurvePlot::set_style(const CurveStyle& style) {
  if (style == style_) return;
  if (style.axis != style_.axis) zoomed_ = false;
  style_ = style;
  plot_->xAxis->setLabel(style.axis == CurveAxis::step ? tr("step") : tr("seconds"));
  plot_->yAxis->setScaleType(style.log_scale ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  plot_->yAxis->setTicker(style.log_scale ? QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog)
                                          : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
  zoomed_ ? draw() : reload();
}

void CurvePlot::reload() {
  if (metric_.isEmpty()) return draw();
  if (busy_) {  // one question at a time, so that a growing curve is shown however long an answer takes
    again_ = true;
    return;
  }
  busy_ = true;
  std::vector<int64_t> runs;
  for (const Curve& curve : curves_) runs.push_back(curve.source.run);
  const int columns = std::max(kFewestColumns, static_cast<int>(plot_->width() * devicePixelRatioF()));
  const bool part = zoomed_ && style_.axis == CurveAxis::step;
  const QCPRange range = plot_->xAxis->range();
  const auto limit = [](double step) { return static_cast<int64_t>(std::clamp(step, -9e15, 9e15)); };
  const int64_t first = limit(std::floor(range.lower)), last = limit(std::ceil(range.upper));
  history_.ask(
      this, question_,
      [=, metric = metric_.toStdString()](const Store& store) {
        std::vector<std::vector<Bucket>> all;
        for (const int64_t run : runs) {
          // One point more at each side, so that lines go on to the edge.
          const int64_t from = part ? std::max<int64_t>(0, store.point_at(run, metric, first) - 1) : 0;
          const int64_t to = part ? store.point_at(run, metric, last) + 2 : INT64_MAX;
          all.push_back(store.outline(run, metric, columns, from, to));
        }
        return all;
      },
      [this](Answer<std::vector<std::vector<Bucket>>> answer) {
        busy_ = false;
        if (answer.value && answer.value->size() == curves_.size()) {
          for (size_t i = 0; i < curves_.size(); ++i) curves_[i].buckets = std::move((*answer.value)[i]);
          draw();
        } else if (!answer.error.isEmpty()) {
          Q_EMIT message(tr("%1: %2").arg(metric_, answer.error), true);
        }
        if (std::exchange(again_, false)) reload();
        Q_EMIT loaded();
      });
}

double CurvePlot::place(const Bucket& bucket) const {
  return style_.axis == CurveAxis::step
             ? (static_cast<double>(bucket.first_step) + static_cast<double>(bucket.last_step)) / 2
             : (double{bucket.first_second} + bucket.last_second) / 2;
}

void CurvePlot::draw() {
  plot_->clearPlottables();
  double first = INFINITY, last = -INFINITY;
  for (const Curve& curve : curves_) {
    if (curve.buckets.empty()) continue;
    const std::vector<double> smoothed = smooth(curve.buckets, style_.smoothing);
    std::vector<double> x, mean, low, high;
    for (const Bucket& bucket : curve.buckets) {
      x.push_back(place(bucket));
      mean.push_back(bucket.mean);
      low.push_back(bucket.low);
      high.push_back(bucket.high);
    }
    const bool steps = style_.axis == CurveAxis::step;
    const Bucket &front = curve.buckets.front(), &back = curve.buckets.back();
    first = std::min(first, steps ? static_cast<double>(front.first_step) : double{front.first_second});
    last = std::max(last, steps ? static_cast<double>(back.last_step) : double{back.last_second});
    QColor faint = curve.source.color;
    faint.setAlpha(55);
    const bool summed =
        std::any_of(curve.buckets.begin(), curve.buckets.end(), [](const Bucket& b) { return b.n > 1; });
    if (style_.smoothing > 0)
      draw_line(x, mean, QPen(faint, 1));
    else if (!summed)
      low.clear(), high.clear();  // every point is seen
    draw_line(x, smoothed, QPen(curve.source.color, kLineWidth), std::move(low), std::move(high), faint);
  }
  if (!zoomed_ && first <= last) {
    placing_ = true;
    plot_->xAxis->setRange(first, last > first ? last : first + 1);
    placing_ = false;
  }
  fit_height();
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::draw_line(const std::vector<double>& x, const std::vector<double>& y, const QPen& pen,
                          std::vector<double> low, std::vector<double> high, const QColor& band) {
  if (static_cast<int>(x.size()) * 2 >= plot_->width()) {
    auto* curve = new DenseCurve(plot_->xAxis, plot_->yAxis);  // the plot's from here on
    curve->set_points(x, y, std::move(low), std::move(high));
    curve->setPen(pen);
    curve->setBrush(band);
    return;
  }
  if (!low.empty()) {  // a few points that stand for more each
    auto* curve = new DenseCurve(plot_->xAxis, plot_->yAxis);
    curve->set_points(x, y, std::move(low), std::move(high));
    curve->setPen(Qt::NoPen);
    curve->setBrush(band);
  }
  QCPGraph* graph = plot_->addGraph();
  graph->setData(QVector<double>(x.begin(), x.end()), QVector<double>(y.begin(), y.end()), true);
  graph->setPen(pen);
  if (x.size() <= kFewPoints) graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, 4));
}

void CurvePlot::fit_height() {
  const QCPRange range = plot_->xAxis->range();
  double low = INFINITY, high = -INFINITY;
  for (const Curve& curve : curves_)
    for (const Bucket& bucket : curve.buckets) {
      const double x = place(bucket);
      if (x < range.lower || x > range.upper || std::isnan(bucket.low)) continue;
      const bool means = style_.smoothing > 0;
      const double floor = means ? bucket.mean : bucket.low, ceiling = means ? bucket.mean : bucket.high;
      if (style_.log_scale && ceiling <= 0) continue;
      low = std::min(low, style_.log_scale && floor <= 0 ? ceiling : floor);
      high = std::max(high, ceiling);
    }
  if (low > high) return;
  if (style_.log_scale) {
    plot_->yAxis->setRange(low / 1.2, high * 1.2);
  } else {
    const double margin = high > low ? (high - low) * 0.06 : std::max(1e-12, std::abs(high) * 0.1);
    plot_->yAxis->setRange(low - margin, high + margin);
  }
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::show_all() {
  zoomed_ = false;
  reload();
}

void CurvePlot::zoom(double from, double to) {
  plot_->xAxis->setRange(from, to);
}

void CurvePlot::set_cursor(double x) {
  cursor_x_ = x;
  cursor_->setVisible(!std::isnan(x));
  QStringList readings;
  if (!std::isnan(x)) {
    cursor_->point1->setCoords(x, 0);
    cursor_->point2->setCoords(x, 1);
    for (const Curve& curve : curves_) {
      const auto after =
          std::lower_bound(curve.buckets.begin(), curve.buckets.end(), x,
                           [this](const Bucket& bucket, double at) { return place(bucket) < at; });
      if (curve.buckets.empty()) continue;
      if (readings.size() == kMostReadings) {
        readings << "…";
        break;
      }
      const Bucket& bucket = after == curve.buckets.end() ? curve.buckets.back() : *after;
      readings << QString("<span style='color:%1'>●</span> %2")
                      .arg(curve.source.color.name(), number_text(bucket.mean));
    }
    const QString at = style_.axis == CurveAxis::step ? count_text(std::llround(x)) : duration_text(x);
    readings.prepend(at);
  }
  reading_->setText(readings.join("&nbsp;&nbsp; "));
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::color_axes() {
  const QPalette& colors = palette();
  const QColor text = muted(colors), grid = colors.color(QPalette::Mid);
  plot_->setBackground(colors.brush(QPalette::Base));
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setTickLabelColor(text);
    axis->setLabelColor(text);
    axis->setTickLabelFont(font());
    axis->setLabelFont(font());
    axis->setBasePen(axis == plot_->xAxis ? QPen(grid) : Qt::NoPen);
    axis->setTickPen(Qt::NoPen);
    axis->setSubTickPen(Qt::NoPen);
    axis->grid()->setPen(QPen(grid, 1));
    axis->grid()->setZeroLinePen(Qt::NoPen);
    axis->setNumberFormat("g");
    axis->setNumberPrecision(7);
  }
  plot_->xAxis->grid()->setVisible(false);
  cursor_->setPen(QPen(text, 1, Qt::DashLine));
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) color_axes();
}

void CurvePlot::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  plot_->xAxis->ticker()->setTickCount(std::clamp(width() / kTickWidth, 2, 8));
  if (!metric_.isEmpty()) zoom_timer_->start(kZoomPauseMs);
}

void CurvePlot::export_to(const QString& file) {
  if (file.endsWith(".csv", Qt::CaseInsensitive)) return export_csv(file);
  const QString error = export_picture(*plot_, file);
  Q_EMIT message(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
}

void CurvePlot::export_csv(const QString& file) {
  std::vector<CurveSource> sources;
  for (const Curve& curve : curves_) sources.push_back(curve.source);
  history_.ask(
      this, Question(),
      [=, metric = metric_.toStdString()](const Store& store) {
        QString text = "run,metric,step,seconds,value\n";
        for (const CurveSource& source : sources) {
          const Series series = store.series(source.run, metric);
          for (size_t i = 0; i < series.size(); ++i)
            text += QString("%1,%2,%3,%4,%5\n")
                        .arg(source.run)
                        .arg(QString::fromStdString(metric))
                        .arg(series.steps[i])
                        .arg(double{series.seconds[i]}, 0, 'g', 9)
                        .arg(series.values[i], 0, 'g', 17);
        }
        return write_text(file, text);
      },
      [this, file](const Answer<QString>& answer) {
        const QString error = answer.error + answer.value.value_or("");
        Q_EMIT message(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
      });
}

}  // namespace conclave::ui
