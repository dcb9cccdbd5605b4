/// One metric of one or several runs as curves, read from the history in as many columns as the screen has.
#pragma once

#include <QColor>
#include <QPen>
#include <QWidget>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "ui/data/history_thread.h"

class QCustomPlot;
class QCPGraph;
class QCPItemStraightLine;
class QLabel;
class QTimer;

namespace conclave::ui {

/// A run as it is drawn.
struct CurveSource {
  int64_t run = 0;
  QString label;
  QColor color;
};

enum class CurveAxis : uint8_t { step, time };

struct CurveStyle {
  CurveAxis axis = CurveAxis::step;
  double smoothing = 0;  ///< weight of the point before, 0 to below 1
  bool log_scale = false;
  bool operator==(const CurveStyle&) const = default;
};

/// Dragging and the wheel move along the horizontal axis, a double click shows everything again; the vertical
/// axis fits what is seen.
class CurvePlot : public QWidget {
  Q_OBJECT
 public:
  explicit CurvePlot(HistoryThread& history, QWidget* parent = nullptr);
  void show_metric(const QString& metric, const std::vector<CurveSource>& sources);
  struct Curve {
    CurveSource source;
    std::vector<Bucket> buckets;
  };
  /// Curves that were read already, a point in each bucket, below a title (rich text).
  void show_points(const QString& title, std::vector<Curve> curves);
  void set_style(const CurveStyle& style);
  /// Reads what is seen again.
  void reload();
  const QString& metric() const { return metric_; }
  bool settled() const { return !busy_; }
  /// Marks a place; NaN: none. What is there is written above the curves.
  void set_cursor(double x);
  /// NaN: none.
  double cursor() const { return cursor_x_; }
  void show_all();
  /// Shows steps (or seconds) from..to.
  void zoom(double from, double to);
  /// Writes a picture (.png, .svg, .pdf) of what is seen, or every point (.csv). Errors come as message().
  void export_to(const QString& file);
  QCustomPlot* plot() const { return plot_; }
  /// What is known of a curve: its points, or columns of the screen that stand for several each.
  const std::vector<Bucket>& buckets(size_t curve) const { return curves_.at(curve).buckets; }

 Q_SIGNALS:
  void cursor_moved(double x);
  void loaded();
  void message(const QString& text, bool error);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void draw();
  /// A line, over a band where `low` and `high` are given.
  void draw_line(const std::vector<double>& x, const std::vector<double>& y, const QPen& pen,
                 std::vector<double> low = {}, std::vector<double> high = {}, const QColor& band = {});
  void fit_height();
  void color_axes();
  double place(const Bucket& bucket) const;
  void export_csv(const QString& file);

  HistoryThread& history_;
  Question question_;
  QString metric_;
  std::vector<Curve> curves_;
  CurveStyle style_;
  QCustomPlot* plot_;
  QCPItemStraightLine* cursor_;
  QLabel *title_, *reading_;
  QTimer* zoom_timer_;
  double cursor_x_ = std::numeric_limits<double>::quiet_NaN();
  bool busy_ = false, again_ = false, zoomed_ = false, placing_ = false;
};

}  // namespace conclave::ui
