/// The frame of a study with its tools: window and level, the clip, lengths and ellipses.
#pragma once

#include <QWidget>

#include "ui/ultrasound/frame_source.h"
#include "ui/ultrasound/frame_viewer.h"

class QButtonGroup;
class QCheckBox;
class QLabel;
class QSlider;
class QTimer;

namespace conclave::ui {

class FramePanel : public QWidget {
  Q_OBJECT
 public:
  explicit FramePanel(QWidget* parent = nullptr);
  /// Its first frame is shown as soon as it is there.
  void open(const QString& file);
  void show_frame(int64_t frame);
  void step(int64_t by);
  int64_t frame() const { return frame_; }
  /// Only a clip plays; whether it does now.
  bool play(bool playing);
  /// Of pictures that have none of their own, in millimetres a pixel.
  void set_scale(std::optional<double> mm) { mm_ = mm; }
  void set_tool(FrameTool tool);
  FrameViewer& viewer() { return *viewer_; }
  bool settled() const { return !source_.running() && !length_process_.running(); }

 Q_SIGNALS:
  void frame_shown(int64_t frame);
  void said(const QString& text, bool error);
  /// The command line that measures the same.
  void command_used(const QStringList& words);

 private:
  QLayout* make_tools();
  QLayout* make_levels();
  QLayout* make_cine();
  void measure(const QStringList& what);
  void take_length(const QString& problem);

  FrameSource source_;
  LineProcess length_process_;
  QByteArray length_line_;
  std::optional<double> mm_;
  int64_t frame_ = 0;
  FrameViewer* viewer_;
  QButtonGroup* tools_;
  QSlider *cine_bar_, *window_bar_, *level_bar_;
  QLabel *frame_label_, *length_label_;
  QCheckBox* overlay_;
  QTimer* cine_timer_;
};

}  // namespace conclave::ui
