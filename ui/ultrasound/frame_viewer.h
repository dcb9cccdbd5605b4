/// One frame: window and level, zoom, a caliper, what a report says lies where.
#pragma once

#include <QImage>
#include <QWidget>

#include "ui/ultrasound/report_view.h"

namespace conclave::ui {

/// A drag with the left button measures, with the right one it changes window and level, with the middle one
/// (or Shift) it moves; the wheel zooms, a double click shows all.
class FrameViewer : public QWidget {
  Q_OBJECT
 public:
  explicit FrameViewer(QWidget* parent = nullptr);
  void set_frame(const QImage& frame);
  bool has_frame() const { return !frame_.isNull(); }
  /// Width of the grey levels that are told apart, and their middle; 256 and 128 change nothing.
  void set_window(double width, double level);
  double window() const { return window_; }
  double level() const { return level_; }
  double zoom() const { return zoom_; }
  void show_all();
  void set_report(std::vector<QImage> masks, std::vector<ReportEllipse> ellipses);
  void set_overlay(bool shown);
  /// What the caliper's length is; a length that is not in millimetres is drawn amber.
  void set_length(const QString& text, bool in_mm);
  void clear_caliper();
  const QString& length() const { return length_; }
  QPointF to_picture(const QPointF& widget) const;
  QPointF to_widget(const QPointF& picture) const;
  void draw(QPainter& painter, const QSize& size) const;

 Q_SIGNALS:
  /// A caliper was drawn, in pixels of the picture.
  void measured(QPointF from, QPointF to);
  void window_changed();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;

 private:
  enum class Drag : uint8_t { none, caliper, window, move };
  void make_shown();
  double scale() const;
  QPointF corner() const;

  QImage frame_, shown_;
  std::vector<QImage> masks_;
  std::vector<ReportEllipse> ellipses_;
  double window_ = 256, level_ = 128, zoom_ = 1;
  QPointF shift_, last_, from_, to_;
  bool overlay_ = true, caliper_ = false, in_mm_ = false;
  Drag drag_ = Drag::none;
  QString length_;
};

}  // namespace conclave::ui
