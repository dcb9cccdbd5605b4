/// Notes, waveform and spectrogram of one recording under one playhead.
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
  void set_playhead(double seconds);
  double playhead() const { return playhead_; }
  double seconds() const;
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

 private:
  void draw_notes(QPainter& painter, const QRectF& place) const;
  void draw_wave(QPainter& painter, const QRectF& whole) const;
  double seconds_at(double x) const;

  std::shared_ptr<const Version> version_;
  double playhead_ = 0;
};

}  // namespace conclave::ui
