#include "ui/ultrasound/frame_viewer.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr double kMostZoom = 32, kZoomStep = 1.2;
constexpr double kShortest = 2;  // pixels of the screen; less is a click
const QColor kAmber(0xe6, 0x9f, 0x00), kSure(0x56, 0xb4, 0xe9), kMask(0xd5, 0x5e, 0x00);

}  // namespace

FrameViewer::FrameViewer(QWidget* parent) : QWidget(parent) {
  setObjectName("ultrasound.viewer");
  setAccessibleName(tr("Frame"));
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(200, 200);
  setCursor(Qt::CrossCursor);
}

void FrameViewer::set_frame(const QImage& frame) {
  const bool other = frame.size() != frame_.size();
  frame_ = frame.isNull() ? frame : frame.convertToFormat(QImage::Format_RGB32);
  if (other) {
    show_all();
    clear_caliper();
  }
  make_shown();
}

void FrameViewer::set_window(double width, double level) {
  window_ = std::clamp(width, 1.0, 512.0);
  level_ = std::clamp(level, 0.0, 255.0);
  make_shown();
  Q_EMIT window_changed();
}

void FrameViewer::make_shown() {
  shown_ = frame_;
  if (window_ != 256 || level_ != 128) {
    std::array<int, 256> table{};
    for (int i = 0; i < 256; ++i)
      table[static_cast<size_t>(i)] =
          static_cast<int>(std::clamp((i - level_) / window_ * 255 + 127.5, 0.0, 255.0));
    const auto through = [&](int value) { return table[static_cast<size_t>(value)]; };
    for (int y = 0; y < shown_.height(); ++y) {
      auto* line = reinterpret_cast<QRgb*>(shown_.scanLine(y));
      for (int x = 0; x < shown_.width(); ++x)
        line[x] = qRgb(through(qRed(line[x])), through(qGreen(line[x])), through(qBlue(line[x])));
    }
  }
  update();
}

void FrameViewer::show_all() {
  zoom_ = 1;
  shift_ = {};
  update();
}

void FrameViewer::set_report(std::vector<QImage> masks, std::vector<ReportEllipse> ellipses) {
  masks_ = std::move(masks);
  ellipses_ = std::move(ellipses);
  update();
}

void FrameViewer::set_overlay(bool shown) {
  overlay_ = shown;
  update();
}

void FrameViewer::set_length(const QString& text, bool in_mm) {
  length_ = text;
  in_mm_ = in_mm;
  update();
}

void FrameViewer::clear_caliper() {
  caliper_ = false;
  set_length({}, false);
}

double FrameViewer::scale() const {
  if (frame_.isNull()) return 1;
  return zoom_ * std::min(double(width()) / frame_.width(), double(height()) / frame_.height());
}

QPointF FrameViewer::corner() const {
  return QPointF((width() - frame_.width() * scale()) / 2, (height() - frame_.height() * scale()) / 2) +
         shift_;
}

// A pixel's middle is its coordinate, so the picture begins at -0.5.
QPointF FrameViewer::to_picture(const QPointF& widget) const {
  return (widget - corner()) / scale() - QPointF(0.5, 0.5);
}

QPointF FrameViewer::to_widget(const QPointF& picture) const {
  return (picture + QPointF(0.5, 0.5)) * scale() + corner();
}

void FrameViewer::mousePressEvent(QMouseEvent* event) {
  if (frame_.isNull()) return;
  last_ = event->position();
  const bool move = event->button() == Qt::MiddleButton || event->modifiers() & Qt::ShiftModifier;
  drag_ = move ? Drag::move : event->button() == Qt::RightButton ? Drag::window : Drag::caliper;
  if (drag_ == Drag::caliper) {
    from_ = to_ = to_picture(last_);
    clear_caliper();
  }
}

void FrameViewer::mouseMoveEvent(QMouseEvent* event) {
  const QPointF by = event->position() - last_;
  last_ = event->position();
  if (drag_ == Drag::move) shift_ += by;
  if (drag_ == Drag::window) set_window(window_ + by.x(), level_ + by.y());
  if (drag_ == Drag::caliper) {
    to_ = to_picture(last_);
    caliper_ = true;
  }
  update();
}

void FrameViewer::mouseReleaseEvent(QMouseEvent* event) {
  if (std::exchange(drag_, Drag::none) != Drag::caliper || !caliper_) return;
  to_ = to_picture(event->position());
  if (QLineF(to_widget(from_), to_widget(to_)).length() < kShortest) return clear_caliper();
  Q_EMIT measured(from_, to_);
}

void FrameViewer::mouseDoubleClickEvent(QMouseEvent*) {
  show_all();
}

// Zooms around the place below the pointer.
void FrameViewer::wheelEvent(QWheelEvent* event) {
  if (frame_.isNull()) return;
  const QPointF below = to_picture(event->position());
  zoom_ = std::clamp(zoom_ * std::pow(kZoomStep, event->angleDelta().y() / 120.0), 1.0, kMostZoom);
  if (zoom_ == 1) shift_ = {};
  shift_ += event->position() - to_widget(below);
  if (zoom_ == 1) shift_ = {};
  update();
}

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
  if (overlay_) {
    for (const QImage& mask : masks_) {
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
    painter.setPen(QPen(kSure, 1.5));
    painter.setBrush(Qt::NoBrush);
    for (const ReportEllipse& ellipse : ellipses_) {
      painter.save();
      painter.translate(to_widget(ellipse.center));
      painter.rotate(ellipse.angle * 180 / std::numbers::pi);
      painter.drawEllipse(QPointF(0, 0), ellipse.a * scale(), ellipse.b * scale());
      painter.restore();
    }
  }
  if (caliper_) {
    const QPointF a = to_widget(from_), b = to_widget(to_);
    painter.setPen(QPen(in_mm_ || length_.isEmpty() ? kSure : kAmber, 2));
    painter.drawLine(a, b);
    for (const QPointF& end : {a, b}) {
      painter.drawLine(end - QPointF(5, 0), end + QPointF(5, 0));
      painter.drawLine(end - QPointF(0, 5), end + QPointF(0, 5));
    }
    if (!length_.isEmpty()) {
      const QString first = length_.section('\n', 0, 0);
      const QRectF box = painter.fontMetrics().boundingRect(first).toRectF().adjusted(-5, -3, 5, 3);
      const QRectF at = box.translated(b + QPointF(10, -10) - box.topLeft() - QPointF(0, box.height()));
      painter.fillRect(at, QColor(0, 0, 0, 190));
      painter.drawText(at, Qt::AlignCenter, first);
    }
  }
}

}  // namespace conclave::ui
