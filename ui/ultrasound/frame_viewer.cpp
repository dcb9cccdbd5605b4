#include "ui/ultrasound/frame_viewer.h"

#include <QMouseEvent>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace conclave::ui {
namespace {

constexpr double kMostZoom = 32, kZoomStep = 1.2;
constexpr double kShortest = 2;  // pixels of the screen; less is a click
constexpr int kCorners = 90;     // of an ellipse's polygon

double distance_from_line(const QPointF& point, const QLineF& line) {
  const QPointF along = line.p2() - line.p1(), to = point - line.p1();
  return std::abs(along.x() * to.y() - along.y() * to.x()) / std::max(line.length(), 1e-9);
}

}  // namespace

QPolygonF polygon_of(const ReportEllipse& ellipse) {
  QPolygonF polygon;
  const double c = std::cos(ellipse.angle), s = std::sin(ellipse.angle);
  for (int i = 0; i < kCorners; ++i) {
    const double turn = 2 * std::numbers::pi * i / kCorners;
    const double x = ellipse.a * std::cos(turn), y = ellipse.b * std::sin(turn);
    polygon << ellipse.center + QPointF(c * x - s * y, s * x + c * y);
  }
  return polygon;
}

FrameViewer::FrameViewer(QWidget* parent) : QWidget(parent) {
  setObjectName("ultrasound.viewer");
  setAccessibleName(tr("Frame"));
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(200, 200);
  setCursor(Qt::CrossCursor);
  setMouseTracking(true);
}

void FrameViewer::set_frame(const QImage& frame) {
  const bool other = frame.size() != frame_.size();
  frame_ = frame.isNull() ? frame : frame.convertToFormat(QImage::Format_RGB32);
  if (other) {
    show_all();
    clear_drawn();
  }
  make_shown();
}

void FrameViewer::set_tool(FrameTool tool) {
  tool_ = tool;
  drag_ = Drag::none;
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

void FrameViewer::set_marks(FrameMarks marks) {
  marks_ = std::move(marks);
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

void FrameViewer::clear_drawn() {
  drawn_ = false;
  drag_ = Drag::none;
  path_.clear();
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

ReportEllipse FrameViewer::ellipse() const {
  const QLineF axis(from_, to_);
  ReportEllipse drawn;
  drawn.center = axis.center();
  drawn.a = axis.length() / 2;
  drawn.b = half_width_;
  drawn.angle = std::atan2(axis.dy(), axis.dx());
  return drawn;
}

QRectF FrameViewer::box() const {
  return QRectF(from_, to_).normalized();
}

void FrameViewer::mousePressEvent(QMouseEvent* event) {
  if (frame_.isNull()) return;
  last_ = event->position();
  if (drag_ == Drag::width) return finish_drag();
  const bool move = event->button() == Qt::MiddleButton || event->modifiers() & Qt::ShiftModifier;
  drag_ = move ? Drag::move : event->button() == Qt::RightButton ? Drag::window : Drag::tool;
  if (drag_ != Drag::tool) return;
  clear_drawn();
  drag_ = Drag::tool;
  drawn_with_ = tool_;
  from_ = to_ = to_picture(last_);
  path_ << from_;
}

void FrameViewer::mouseMoveEvent(QMouseEvent* event) {
  const QPointF by = event->position() - last_;
  last_ = event->position();
  if (drag_ == Drag::none) return;
  if (drag_ == Drag::move) shift_ += by;
  if (drag_ == Drag::window) set_window(window_ + by.x(), level_ + by.y());
  if (drag_ == Drag::tool) {
    to_ = to_picture(last_);
    drawn_ = true;
    half_width_ = QLineF(from_, to_).length() * 3 / 8;  // about a head's, until it is set
    if (drawn_with_ == FrameTool::outline) path_ << to_;
  }
  if (drag_ == Drag::width) half_width_ = std::max(distance_from_line(to_picture(last_), {from_, to_}), 0.5);
  update();
}

void FrameViewer::mouseReleaseEvent(QMouseEvent* event) {
  if (drag_ == Drag::width) return;
  if (drag_ != Drag::tool) {
    drag_ = Drag::none;
    return;
  }
  if (!drawn_) return clear_drawn();
  to_ = to_picture(event->position());
  if (drawn_with_ != FrameTool::outline && QLineF(to_widget(from_), to_widget(to_)).length() < kShortest)
    return clear_drawn();
  if (drawn_with_ == FrameTool::ellipse)
    drag_ = Drag::width;
  else
    finish_drag();
}

void FrameViewer::finish_drag() {
  drag_ = Drag::none;
  update();
  if (drawn_with_ == FrameTool::length) Q_EMIT measured(from_, to_);
  if (drawn_with_ == FrameTool::ellipse) Q_EMIT ellipse_drawn(ellipse());
  if (drawn_with_ == FrameTool::outline) {
    if (path_.size() < 3) return clear_drawn();
    Q_EMIT outlined(path_);
  }
  if (drawn_with_ == FrameTool::box) Q_EMIT boxed(box());
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

}  // namespace conclave::ui
