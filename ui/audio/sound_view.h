/// Notes, waveform, spectrogram and routing of one recording under one playhead.
#pragma once

#include <QWidget>
#include <memory>

#include "ui/audio/version.h"

namespace conclave::ui {

class SoundView : public QWidget {
  Q_OBJECT
 public:
  explicit SoundView(QWidget* parent = nullptr);
  /// Null: nothing. The playhead stays where it is, so that two versions can be compared at one place.
  void show_version(std::shared_ptr<const Version> version);
  const Version* version() const { return version_.get(); }
  void set_playhead(double seconds);
  double playhead() const { return playhead_; }
  double seconds() const;
  /// Whether the version's name is written over it.
  void set_titled(bool titled);
  /// Draws all but the playhead's motion; also for export.
  void draw(QPainter& painter, const QSize& size) const;

 Q_SIGNALS:
  /// A place was clicked or dragged to.
  void sought(double seconds);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void draw_notes(QPainter& painter, const QRectF& place) const;
  void draw_wave(QPainter& painter, const QRectF& whole) const;
  void draw_routing(QPainter& painter, const QRectF& place) const;
  double strips_height(double height) const;
  /// Layer and frame under a point; null when there is none.
  QString routing_at(const QPointF& point) const;
  double seconds_at(double x) const;

  std::shared_ptr<const Version> version_;
  double playhead_ = 0;
  bool titled_ = false;
};

}  // namespace conclave::ui
