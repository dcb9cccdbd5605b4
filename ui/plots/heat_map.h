/// Matrices side by side as colours, one scale for all.
#pragma once

#include <QImage>
#include <QWidget>
#include <vector>

#include "ui/plots/color_map.h"

namespace conclave::ui {

/// Rows of numbers; NaN: nothing there.
struct Matrix {
  QString title;
  QStringList rows, columns;
  std::vector<double> values;  ///< row after row

  double at(int row, int column) const { return values[static_cast<size_t>(row * columns.size() + column)]; }
};

class HeatMap : public QWidget {
  Q_OBJECT
 public:
  explicit HeatMap(QWidget* parent = nullptr);
  /// Amounts run from 0 to their largest, differences from -d to d with zero in the middle.
  void set_matrices(std::vector<Matrix> matrices, ColorMap map);
  const std::vector<Matrix>& matrices() const { return matrices_; }
  double largest() const { return largest_; }
  /// Colour of a value on the present scale.
  QColor color_of(double value) const;
  void draw(QPainter& painter, const QSize& size) const;
  /// title,row,column,value
  QString csv() const;
  /// "title, row, column: value" of the cell at `point`; empty beside the cells.
  QString text_at(const QPoint& point) const;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  std::vector<QRect> areas(const QSize& size) const;
  void draw_scale(QPainter& painter, const QRect& area) const;
  std::vector<Matrix> matrices_;
  std::vector<QImage> images_;
  ColorMap map_ = ColorMap::viridis;
  double largest_ = 1;
};

}  // namespace conclave::ui
