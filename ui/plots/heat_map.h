/// Matrices side by side as colours, one scale for all.
#pragma once

#include <QImage>
#include <QWidget>
#include <cmath>
#include <optional>
#include <vector>

#include "ui/plots/color_map.h"

namespace conclave::ui {

/// Rows of numbers; NaN: nothing there.
struct Matrix {
  QString title;
  QStringList rows, columns;
  std::vector<double> values;      ///< row after row
  std::vector<double> below = {};  ///< a second number of each cell, on the same scale; empty: none

  double at(int row, int column) const { return values[place(row, column)]; }
  /// NaN where there is none.
  double below_at(int row, int column) const { return below.empty() ? NAN : below[place(row, column)]; }

 private:
  size_t place(int row, int column) const { return static_cast<size_t>(row * columns.size() + column); }
};

class HeatMap : public QWidget {
  Q_OBJECT
 public:
  explicit HeatMap(QWidget* parent = nullptr);
  /// Amounts run from 0 to their largest, differences from -d to d with zero in the middle.
  void set_matrices(std::vector<Matrix> matrices, ColorMap map);
  /// What the upper and the lower half of a cell are, where cells have two numbers.
  void name_halves(const QString& upper, const QString& lower);
  const std::vector<Matrix>& matrices() const { return matrices_; }
  double largest() const { return largest_; }
  /// Colour of a value on the present scale.
  QColor color_of(double value) const;
  void draw(QPainter& painter, const QSize& size) const;
  /// title,row,column,value; of split cells both, by the names of the halves.
  QString csv() const;
  /// "title, row, column: value" of the cell at `point`; empty beside the cells.
  QString text_at(const QPoint& point) const;

  /// One cell, by its matrix; it is chosen by a click or the arrow keys and stays while there is such a cell.
  struct Cell {
    int matrix = 0, row = 0, column = 0;
    bool operator==(const Cell&) const = default;
  };
  std::optional<Cell> chosen() const { return chosen_; }
  void choose(std::optional<Cell> cell);

 Q_SIGNALS:
  void cell_chosen();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  std::vector<QRect> areas(const QSize& size) const;
  std::optional<Cell> cell_at(const QPoint& point) const;
  bool has(const Cell& cell) const;
  void draw_chosen(QPainter& painter) const;
  bool split() const;
  void draw_numbers(QPainter& painter, const QRect& area, const Matrix& matrix) const;
  void draw_scale(QPainter& painter, const QRect& area) const;
  std::vector<Matrix> matrices_;
  std::vector<QImage> images_;
  ColorMap map_ = ColorMap::viridis;
  double largest_ = 1;
  QString upper_, lower_;
  std::optional<Cell> chosen_;
};

}  // namespace conclave::ui
