/// A curve with more points than the screen has columns, drawn column by column: the band between the lowest
/// and the highest points, and the line of their means. As paths of thousands of corners they would take a
/// hundred times as long.
#pragma once

#include <QImage>
#include <span>
#include <vector>

#include "ui/plots/custom_plot.h"

namespace conclave::ui {

/// From where to where something reaches in one column of the screen; nothing when above > below.
struct ColumnReach {
  double above = 1e9, below = -1e9;
};

/// Points at `x` (pixels from the left edge, ascending) whose band reaches from `above` to `below` (pixels
/// from the top), with straight edges between them, as `columns` columns. A point that is NaN leaves a gap.
std::vector<ColumnReach> reach_of_columns(std::span<const double> x, std::span<const double> above,
                                          std::span<const double> below, int columns);

/// The pen is the line's, the brush the band's.
class DenseCurve : public QCPAbstractPlottable {
 public:
  using QCPAbstractPlottable::QCPAbstractPlottable;
  /// In coordinates of the axes; `x` ascends. Without `low` and `high` there is no band.
  void set_points(std::vector<double> x, std::vector<double> line, std::vector<double> low = {},
                  std::vector<double> high = {});

  double selectTest(const QPointF& at, bool only_selectable, QVariant* details) const override;
  QCPRange getKeyRange(bool& found, QCP::SignDomain domain) const override;
  QCPRange getValueRange(bool& found, QCP::SignDomain domain, const QCPRange& keys) const override;

 protected:
  void draw(QCPPainter* painter) override;
  void drawLegendIcon(QCPPainter* painter, const QRectF& rect) const override;

 private:
  void add_columns(QImage& image, std::span<const double> x, std::span<const double> above,
                   std::span<const double> below, const QColor& color, double thickness) const;
  void draw_paths(QCPPainter* painter, std::span<const double> x, std::span<const double> line,
                  std::span<const double> above, std::span<const double> below) const;

  std::vector<double> x_, line_, low_, high_;
};

}  // namespace conclave::ui
