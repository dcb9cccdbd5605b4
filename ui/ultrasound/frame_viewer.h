/// One frame: window and level, zoom, tools that draw, what a report and readers say lies where.
#pragma once

#include <QImage>
#include <QPolygonF>
#include <QWidget>
#include <optional>

#include "ui/ultrasound/report_view.h"

namespace conclave::ui {

enum class FrameTool : uint8_t { length, ellipse, outline, box };

/// What lies on the frame that is shown.
struct FrameMarks {
  std::vector<QImage> masks;  ///< a report's
  std::vector<ReportEllipse> ellipses;
  std::vector<QLineF> lines;
  struct Reader {
    QString name;
    QPolygonF outline;  ///< or its box
    QColor color;
  };
  std::vector<Reader> readers;
  std::optional<QRectF> evidence;  ///< of the sentence that the text cursor is in
};

/// A drag with the left button draws with the tool, with the right one it changes window and level, with the
/// middle one (or Shift) it moves; the wheel zooms, a double click shows all. An ellipse is its long axis,
/// then a click where it is as wide as it should be.
class FrameViewer : public QWidget {
  Q_OBJECT
 public:
  explicit FrameViewer(QWidget* parent = nullptr);
  void set_frame(const QImage& frame);
  bool has_frame() const { return !frame_.isNull(); }
  QSize frame_size() const { return frame_.size(); }
  void set_tool(FrameTool tool);
  /// Width of the grey levels that are told apart, and their middle; 256 and 128 change nothing.
  void set_window(double width, double level);
  double window() const { return window_; }
  double level() const { return level_; }
  double zoom() const { return zoom_; }
  void show_all();
  void set_marks(FrameMarks marks);
  const FrameMarks& marks() const { return marks_; }
  void set_overlay(bool shown);
  /// What was measured; a length that is not in millimetres is drawn amber.
  void set_length(const QString& text, bool in_mm);
  /// Takes away what the tools drew.
  void clear_drawn();
  const QString& length() const { return length_; }
  QPointF to_picture(const QPointF& widget) const;
  QPointF to_widget(const QPointF& picture) const;
  void draw(QPainter& painter, const QSize& size) const;

 Q_SIGNALS:
  /// All in pixels of the picture.
  void measured(QPointF from, QPointF to);
  void ellipse_drawn(ReportEllipse ellipse);
  void outlined(QPolygonF outline);
  void boxed(QRectF box);
  void window_changed();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;

 private:
  enum class Drag : uint8_t { none, tool, width, window, move };
  void make_shown();
  void finish_drag();
  double scale() const;
  QPointF corner() const;
  ReportEllipse ellipse() const;
  QRectF box() const;
  void draw_marks(QPainter& painter, const QRectF& place) const;
  void draw_drawn(QPainter& painter) const;
  void draw_text(QPainter& painter, const QPointF& at, const QString& text) const;

  QImage frame_, shown_;
  FrameMarks marks_;
  double window_ = 256, level_ = 128, zoom_ = 1;
  QPointF shift_, last_, from_, to_;
  double half_width_ = 0;  ///< of the ellipse, in pixels of the picture
  QPolygonF path_;         ///< of the outline
  bool overlay_ = true, drawn_ = false, in_mm_ = false;
  FrameTool tool_ = FrameTool::length, drawn_with_ = FrameTool::length;
  Drag drag_ = Drag::none;
  QString length_;
};

/// The line of an ellipse as a polygon, fine enough to be taken for it.
QPolygonF polygon_of(const ReportEllipse& ellipse);

}  // namespace conclave::ui
