#include "ui/theme/glyphs.h"

#include <QApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <map>

namespace conclave::ui {
namespace {

using Points = std::vector<QPointF>;

void polyline(QPainterPath& path, const Points& points) {
  path.moveTo(points.front());
  for (size_t i = 1; i < points.size(); ++i) path.lineTo(points[i]);
}

// On a grid of 24 x 24.
QPainterPath shape(const QString& name) {
  QPainterPath path;
  if (name == "home") {
    polyline(path, {{3, 12}, {12, 4}, {21, 12}});
    polyline(path, {{6, 10}, {6, 20}, {18, 20}, {18, 10}});
  } else if (name == "runs") {
    for (const int y : {6, 12, 18}) {
      path.addEllipse(QPointF(5, y), 1.2, 1.2);
      polyline(path, {{10, qreal(y)}, {21, qreal(y)}});
    }
  } else if (name == "compare") {
    polyline(path, {{3, 20}, {21, 20}});
    path.moveTo(3, 5);
    path.cubicTo(9, 6, 8, 16, 21, 16);
    path.moveTo(3, 10);
    path.cubicTo(10, 10, 12, 12, 21, 7);
  } else if (name == "routing") {
    for (const int x : {4, 10, 16})
      for (const int y : {4, 10, 16}) path.addRect(x, y, 4, 4);
  } else if (name == "queue") {
    path.addRoundedRect(4, 4, 16, 4, 1, 1);
    path.addRoundedRect(4, 10, 16, 4, 1, 1);
    path.addRoundedRect(4, 16, 10, 4, 1, 1);
  } else if (name == "picture") {
    path.addRoundedRect(3, 4, 18, 16, 2, 2);
    path.addEllipse(QPointF(8.5, 9), 1.6, 1.6);
    polyline(path, {{4, 18}, {10, 12}, {14, 16}, {17, 13}, {21, 17}});
  } else if (name == "stream") {
    path.moveTo(3, 14);
    path.cubicTo(7, 4, 9, 4, 12, 12);
    path.cubicTo(15, 20, 17, 18, 21, 8);
  } else if (name == "wave") {
    const qreal heights[] = {3, 7, 4, 9, 5, 2};
    for (int i = 0; i < 6; ++i)
      polyline(path, {{4 + 3.2 * i, 12 - heights[i]}, {4 + 3.2 * i, 12 + heights[i]}});
  } else if (name == "scan") {
    path.moveTo(9, 4);
    path.lineTo(15, 4);
    path.lineTo(21, 17);
    path.cubicTo(16, 21, 8, 21, 3, 17);
    path.closeSubpath();
    path.addEllipse(QPointF(12, 13), 2.5, 2.5);
  } else if (name == "settings") {
    for (const int y : {6, 12, 18}) polyline(path, {{3, qreal(y)}, {21, qreal(y)}});
    path.addEllipse(QPointF(8, 6), 2, 2);
    path.addEllipse(QPointF(16, 12), 2, 2);
    path.addEllipse(QPointF(7, 18), 2, 2);
  } else if (name == "search") {
    path.addEllipse(QPointF(10, 10), 6, 6);
    polyline(path, {{14.5, 14.5}, {20, 20}});
  } else if (name == "copy") {
    path.addRoundedRect(8, 8, 12, 12, 2, 2);
    polyline(path, {{5, 15}, {4, 15}, {4, 4}, {15, 4}, {15, 5}});
  } else if (name == "menu") {
    for (const int y : {6, 12, 18}) polyline(path, {{4, qreal(y)}, {20, qreal(y)}});
  }
  return path;
}

class GlyphEngine : public QIconEngine {
 public:
  explicit GlyphEngine(QPainterPath path) : path_(std::move(path)) {}
  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
    const QPalette palette = QApplication::palette();
    const auto role = state == QIcon::On ? QPalette::HighlightedText : QPalette::WindowText;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->translate(rect.topLeft());
    painter->scale(rect.width() / 24.0, rect.height() / 24.0);
    painter->setPen(QPen(palette.color(mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active, role),
                         1.7, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter->drawPath(path_);
    painter->restore();
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
    QPixmap pixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(&painter, {QPoint(0, 0), size}, mode, state);
    return pixmap;
  }
  QIconEngine* clone() const override { return new GlyphEngine(path_); }

 private:
  QPainterPath path_;
};

}  // namespace

QIcon glyph(const QString& name) {
  const QPainterPath path = shape(name);
  return path.isEmpty() ? QIcon() : QIcon(new GlyphEngine(path));
}

QIcon dot(const QColor& color) {
  static std::map<QRgb, QIcon> made;
  QIcon& icon = made[color.rgba()];
  if (icon.isNull()) {
    QPixmap pixmap(32, 32);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(color);
    painter.setPen(Qt::NoPen);
    painter.drawEllipse(8, 8, 16, 16);
    painter.end();
    icon = QIcon(pixmap);
  }
  return icon;
}

}  // namespace conclave::ui
