/// One picture from a camera, taken by a program of the system.
#pragma once

#include <QTemporaryDir>
#include <functional>

#include "ui/process/line_process.h"

namespace conclave::ui {

class Camera : public QObject {
  Q_OBJECT
 public:
  explicit Camera(QObject* parent = nullptr);
  /// Hands on the file of a new picture, or what went wrong.
  void shoot(std::function<void(const QString& file, const QString& problem)> done);
  bool shooting() const { return process_.running(); }
  /// Words with %DEVICE and %FILE in them; at first the first of ffmpeg and fswebcam that is on PATH.
  void set_command(const QStringList& words) { command_ = words; }
  void set_device(const QString& device) { device_ = device; }

 private:
  LineProcess process_;
  QTimer patience_;  // what hangs is ended
  QTemporaryDir folder_;
  QStringList command_;
  QString device_, file_;
  int shot_ = 0;
  std::function<void(const QString&, const QString&)> done_;
};

}  // namespace conclave::ui
