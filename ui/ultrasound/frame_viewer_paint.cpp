// What FrameViewer draws: the frame, a report's and readers' marks, what the tools drew.
#include <QPainter>
#include <algorithm>

#include "ui/ultrasound/frame_viewer.h"

namespace conclave::ui {
namespace {

const QColor kAmber(0xe6, 0x9f, 0x00), kSure(0x56, 0xb4, 0xe9), kMask(0xd5, 0x5e, 0x00),
    kEvidence(0xf0, 0xe4, 0x42);

}  // namespace

void FrameViewer::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  draw(painter, size());
}

void FrameViewer::draw(QPainter& painter, const QSize& size) const {
  painter.fillRect(QRect({0, 0}, size), Qt::black);
  if (frame_.isNull()) {
    painter.setPen(Qt::lightGray);
    painter.drawText(QRect({0, 0}, size), Qt::AlignCenter | Qt::TextWordWrap,
                     tr("Open or drop a DICOM file, a clip, a picture or a folder"));
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform, scale() < 4);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF place(corner(), QSizeF(frame_.size()) * scale());
  painter.drawImage(place, shown_);
  if (overlay_) draw_marks(painter, place);
  if (drawn_) draw_drawn(painter);
}

void FrameViewer::draw_marks(QPainter& painter, const QRectF& place) const {
  for (const QImage& mask : marks_.masks) {
    QImage tinted(mask.size(), QImage::Format_ARGB32_Premultiplied);
    tinted.fill(kMask);
    QPainter into(&tinted);
    into.setCompositionMode(QPainter::CompositionMode_DestinationIn);
    into.drawImage(0, 0, mask);
    into.end();
    painter.setOpacity(0.3);
    painter.drawImage(place, tinted);
    painter.setOpacity(1);
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(kSure, 1.5));
  const auto on_screen = [&](const QPolygonF& outline) {
    QPolygonF moved;
    for (const QPointF& point : outline) moved << to_widget(point);
    return moved;
  };
  for (const ReportEllipse& ellipse : marks_.ellipses) painter.drawPolygon(on_screen(polygon_of(ellipse)));
  for (const QLineF& line : marks_.lines) painter.drawLine(to_widget(line.p1()), to_widget(line.p2()));
  for (size_t i = 0; i < marks_.readers.size(); ++i) {
    const auto& reader = marks_.readers[i];
    painter.setPen(QPen(reader.color, 2));
    const QPolygonF outline = on_screen(reader.outline);
    painter.drawPolygon(outline);
    const QRectF box =
        outline.boundingRect();  // names at its four corners in turn: outlines lie over one another
    const QPointF corners[] = {box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()};
    draw_text(painter, corners[i % 4], reader.name);
  }
  if (marks_.evidence) {
    painter.setPen(QPen(kEvidence, 2, Qt::DashLine));
    painter.drawRect(
        QRectF(to_widget(marks_.evidence->topLeft()), to_widget(marks_.evidence->bottomRight())));
  }
}

void FrameViewer::draw_drawn(QPainter& painter) const {
  const bool measures = drawn_with_ == FrameTool::length || drawn_with_ == FrameTool::ellipse;
  painter.setPen(QPen(in_mm_ || length_.isEmpty() || !measures ? kSure : kAmber, 2));
  painter.setBrush(Qt::NoBrush);
  const QPointF a = to_widget(from_), b = to_widget(to_);
  if (measures) {
    painter.drawLine(a, b);
    for (const QPointF& end : {a, b}) {
      painter.drawLine(end - QPointF(5, 0), end + QPointF(5, 0));
      painter.drawLine(end - QPointF(0, 5), end + QPointF(0, 5));
    }
  }
  QPolygonF line;
  if (drawn_with_ == FrameTool::ellipse)
    for (const QPointF& point : polygon_of(ellipse())) line << to_widget(point);
  if (drawn_with_ == FrameTool::outline)
    for (const QPointF& point : path_) line << to_widget(point);
  if (!line.isEmpty()) painter.drawPolygon(line);
  if (drawn_with_ == FrameTool::box) painter.drawRect(QRectF(a, b).normalized());
  if (measures && !length_.isEmpty()) draw_text(painter, b + QPointF(10, -10), length_.section('\n', 0, 0));
}

// On a dark ground, the lower left corner at `at`, never beyond the widget.
void FrameViewer::draw_text(QPainter& painter, const QPointF& at, const QString& text) const {
  const QRectF box = painter.fontMetrics().boundingRect(text).toRectF().adjusted(-5, -3, 5, 3);
  QRectF placed = box.translated(at - box.topLeft() - QPointF(0, box.height()));
  placed.moveLeft(std::clamp(placed.left(), 0.0, std::max(0.0, width() - placed.width())));
  placed.moveTop(std::clamp(placed.top(), 0.0, std::max(0.0, height() - placed.height())));
  painter.fillRect(placed, QColor(0, 0, 0, 190));
  painter.drawText(placed, Qt::AlignCenter, text);
}

}  // namespace conclave::ui
