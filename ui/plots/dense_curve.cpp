#include "ui/plots/dense_curve.h"

#include <algorithm>
#include <cmath>

namespace conclave::ui {
namespace {

// `color`, of which a pixel is covered to a part, over what is there already.
QRgb over(QRgb below, const QColor& color, double covered) {
  const double alpha = color.alphaF() * covered;
  const auto mixed = [&](int channel, int under) {
    return static_cast<int>(std::lround(channel * alpha + under * (1 - alpha)));
  };
  return qRgba(mixed(color.red(), qRed(below)), mixed(color.green(), qGreen(below)),
               mixed(color.blue(), qBlue(below)), mixed(255, qAlpha(below)));
}

}  // namespace

std::vector<ColumnReach> reach_of_columns(std::span<const double> x, std::span<const double> above,
                                          std::span<const double> below, int columns) {
  std::vector<ColumnReach> all(static_cast<size_t>(std::max(0, columns)));
  const auto extend = [&](int column, double top, double bottom) {
    ColumnReach& reach = all[static_cast<size_t>(column)];
    reach.above = std::min(reach.above, top);
    reach.below = std::max(reach.below, bottom);
  };
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    const double from = x[i], to = x[i + 1];
    if (std::isnan(above[i]) || std::isnan(above[i + 1]) || to < 0 || from >= columns) continue;
    const int first = static_cast<int>(std::max(0.0, std::floor(from)));
    const int last = static_cast<int>(std::min(columns - 1.0, std::floor(to)));
    const auto at = [&](std::span<const double> edge, double place) {
      return to > from ? std::lerp(edge[i], edge[i + 1], (place - from) / (to - from)) : edge[i];
    };
    for (int column = first; column <= last; ++column)
      for (const double place : {std::max<double>(column, from), std::min<double>(column + 1, to)})
        extend(column, at(above, place), at(below, place));
    if (to == from && first == last) extend(last, above[i + 1], below[i + 1]);
  }
  return all;
}

void DenseCurve::set_points(std::vector<double> x, std::vector<double> line, std::vector<double> low,
                            std::vector<double> high) {
  x_ = std::move(x);
  line_ = std::move(line);
  low_ = std::move(low);
  high_ = std::move(high);
}

void DenseCurve::draw(QCPPainter* painter) {
  const QCPAxis &keys = *keyAxis(), &values = *valueAxis();
  // One point more at each side, so that the curve goes on to the edge.
  const auto after_left = std::lower_bound(x_.begin(), x_.end(), keys.range().lower) - x_.begin();
  const auto after_right = std::upper_bound(x_.begin(), x_.end(), keys.range().upper) - x_.begin();
  const auto from = static_cast<size_t>(std::max<ptrdiff_t>(0, after_left - 1));
  const auto to = std::min(x_.size(), static_cast<size_t>(after_right) + 1);
  if (from >= to) return;
  std::vector<double> x, line, above, below;
  for (size_t i = from; i < to; ++i) {
    x.push_back(keys.coordToPixel(x_[i]));
    line.push_back(values.coordToPixel(line_[i]));
    if (low_.empty()) continue;
    above.push_back(values.coordToPixel(high_[i]));
    below.push_back(values.coordToPixel(low_[i]));
  }
  if (painter->modes().testFlag(QCPPainter::pmVectorized)) return draw_paths(painter, x, line, above, below);
  const double scale = painter->device()->devicePixelRatioF();
  QImage image(clipRect().size() * scale, QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(scale);
  image.fill(Qt::transparent);
  if (!above.empty()) add_columns(image, x, above, below, brush().color(), 0);
  if (pen().style() != Qt::NoPen) add_columns(image, x, line, line, pen().color(), pen().widthF());
  painter->drawImage(clipRect().topLeft(), image);
}

void DenseCurve::add_columns(QImage& image, std::span<const double> x, std::span<const double> above,
                             std::span<const double> below, const QColor& color, double thickness) const {
  const double scale = image.devicePixelRatio();
  const QRect area = clipRect();
  const auto scaled = [&](std::span<const double> places, int from) {
    std::vector<double> pixels;
    for (const double place : places) pixels.push_back((place - from) * scale);
    return pixels;
  };
  const auto columns = reach_of_columns(scaled(x, area.left()), scaled(above, area.top()),
                                        scaled(below, area.top()), image.width());
  auto* pixels = reinterpret_cast<QRgb*>(image.bits());
  const size_t stride = static_cast<size_t>(image.bytesPerLine()) / sizeof(QRgb);
  const QRgb whole = over(0, color, 1);
  for (int c = 0; c < image.width(); ++c) {
    const ColumnReach& reach = columns[static_cast<size_t>(c)];
    const double first = std::max(0.0, reach.above - thickness * scale / 2);
    const double last = std::min<double>(image.height(), reach.below + thickness * scale / 2);
    for (int y = static_cast<int>(first); y < last; ++y) {
      const double covered = std::min(last, y + 1.0) - std::max<double>(first, y);  // soft ends
      QRgb& pixel = pixels[static_cast<size_t>(y) * stride + static_cast<size_t>(c)];
      pixel = covered == 1 && (pixel == 0 || color.alpha() == 255) ? whole : over(pixel, color, covered);
    }
  }
}

// Where it is kept as a drawing, columns would show their seams.
void DenseCurve::draw_paths(QCPPainter* painter, std::span<const double> x, std::span<const double> line,
                            std::span<const double> above, std::span<const double> below) const {
  for (size_t first = 0; first < x.size(); ++first) {  // as far as there is no gap
    QPolygonF upper, lower, middle;
    for (; first < x.size() && !std::isnan(line[first]); ++first) {
      middle << QPointF(x[first], line[first]);
      if (above.empty()) continue;
      upper << QPointF(x[first], above[first]);
      lower.prepend(QPointF(x[first], below[first]));
    }
    painter->setPen(Qt::NoPen);
    painter->setBrush(brush());
    painter->drawPolygon(upper + lower);
    painter->setPen(pen());
    painter->drawPolyline(middle);
  }
}

double DenseCurve::selectTest(const QPointF&, bool, QVariant*) const {
  return -1;  // nothing to take hold of
}

QCPRange DenseCurve::getKeyRange(bool& found, QCP::SignDomain) const {
  found = !x_.empty();
  return found ? QCPRange(x_.front(), x_.back()) : QCPRange();
}

QCPRange DenseCurve::getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const {
  QCPRange range;
  found = false;
  for (const auto* edge : {&line_, &low_, &high_})
    for (const double value : *edge) {
      if (std::isnan(value)) continue;
      range = found ? QCPRange(std::min(range.lower, value), std::max(range.upper, value))
                    : QCPRange(value, value);
      found = true;
    }
  return range;
}

void DenseCurve::drawLegendIcon(QCPPainter* painter, const QRectF& rect) const {
  painter->fillRect(rect, pen().color());
}

}  // namespace conclave::ui
