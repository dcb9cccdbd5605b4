/// Many runs at once: one number against another, and all of their settings as lines over parallel axes.
#pragma once

#include <QColor>
#include <QWidget>
#include <vector>

#include "framework/history/store.h"
#include "ui/plots/plot_export.h"

class QComboBox;
class QCustomPlot;

namespace conclave::ui {

/// One number of several runs; NaN where a run has none.
struct NumberColumn {
  QString name;
  bool metric = false;
  std::vector<double> values;  ///< [run]
};

/// Numeric parameters that differ, then metrics, as columns over `runs`.
std::vector<NumberColumn> number_columns(const std::vector<RunDetail>& runs);

/// A row for each run, a column for each number.
QString columns_csv(const std::vector<NumberColumn>& columns, const QStringList& runs);

struct RunMark {
  QString label;
  QColor color;
};

/// Points, one a run: a parameter or metric against another.
class ScatterPlot : public QWidget {
  Q_OBJECT
 public:
  explicit ScatterPlot(QWidget* parent = nullptr);
  void show_runs(std::vector<NumberColumn> columns, std::vector<RunMark> runs);
  Takeaway takeaway() const;
  QCustomPlot* plot() const { return plot_; }
  QComboBox* across() const { return across_; }
  QComboBox* up() const { return up_; }
  /// The name of the run whose point is there; empty: none.
  QString run_at(const QPointF& place) const;

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void draw();
  std::vector<NumberColumn> columns_;
  std::vector<RunMark> runs_;
  QComboBox *across_, *up_;
  QCustomPlot* plot_;
};

/// A vertical axis for each column and a line for each run; a run's line is drawn broad when it is pointed
/// at.
class ParallelPlot : public QWidget {
  Q_OBJECT
 public:
  explicit ParallelPlot(QWidget* parent = nullptr);
  void show_runs(std::vector<NumberColumn> columns, std::vector<RunMark> runs);
  void draw(QPainter& painter, const QSize& size) const;
  Takeaway takeaway() const;
  /// The run whose line is nearest to a place; -1: none is near.
  int run_at(const QPointF& place) const;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  std::vector<QPointF> line_of(size_t run, const QSize& size) const;
  std::vector<NumberColumn> columns_;
  std::vector<std::pair<double, double>> ranges_;
  std::vector<RunMark> runs_;
  int pointed_ = -1;
};

}  // namespace conclave::ui
