/// The frames of one file, as conclave-ultrasound writes them; those that were seen are kept.
#pragma once

#include <QImage>
#include <QTemporaryDir>
#include <map>

#include "ui/process/line_process.h"

namespace conclave::ui {

class FrameSource : public QObject {
  Q_OBJECT
 public:
  explicit FrameSource(QObject* parent = nullptr);
  /// Forgets the file before.
  void open(const QString& file);
  /// shown() follows, at once for a frame that is at hand.
  void want(int64_t frame);
  const QString& file() const { return file_; }
  int64_t frames() const { return frames_; }
  double frame_ms() const { return frame_ms_; }
  bool running() const { return process_.running(); }

 Q_SIGNALS:
  void shown(const QImage& picture, int64_t frame);
  /// How many frames there are is known now.
  void counted();
  void failed(const QString& text);

 private:
  void take(const QString& problem);

  QTemporaryDir folder_;
  QString file_;
  int64_t frames_ = 1, wanted_ = 0;
  double frame_ms_ = 0;
  std::map<int64_t, QImage> cine_;
  LineProcess process_;
  QByteArray line_;
};

}  // namespace conclave::ui
