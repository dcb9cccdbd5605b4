#include "ui/ultrasound/frame_panel.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>
#include <QTimer>
#include <QToolButton>
#include <numbers>

#include "framework/base/error.h"
#include "ui/process/programs.h"

namespace conclave::ui {
namespace {

constexpr double kUsualFrameMs = 66;

QLabel* bar_label(QSlider* slider, const QString& name, int low, int high, int value) {
  slider->setRange(low, high);
  slider->setValue(value);
  slider->setAccessibleName(name);
  slider->setMinimumWidth(40);
  return new QLabel(name);
}

QString number(double value) {
  return QString::number(value, 'f', 1);
}

}  // namespace

FramePanel::FramePanel(QWidget* parent)
    : QWidget(parent),
      viewer_(new FrameViewer),
      tools_(new QButtonGroup(this)),
      cine_bar_(new QSlider(Qt::Horizontal)),
      window_bar_(new QSlider(Qt::Horizontal)),
      level_bar_(new QSlider(Qt::Horizontal)),
      frame_label_(new QLabel),
      length_label_(new QLabel),
      overlay_(new QCheckBox(tr("Overlay"))),
      cine_timer_(new QTimer(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addLayout(make_tools());
  layout->addWidget(viewer_, 1);
  layout->addLayout(make_cine());
  layout->addLayout(make_levels());
  length_label_->setObjectName("ultrasound.length");
  length_label_->setWordWrap(true);
  length_label_->setText(tr("Drag to measure; right button: window and level; wheel: zoom; Shift: move"));
  layout->addWidget(length_label_);
  connect(&source_, &FrameSource::shown, this, [this](const QImage& picture, int64_t frame) {
    frame_ = frame;
    viewer_->set_frame(picture);
    frame_label_->setText(tr("%1 of %2").arg(frame + 1).arg(source_.frames()));
    Q_EMIT frame_shown(frame);
  });
  connect(&source_, &FrameSource::counted, this, [this] {
    const QSignalBlocker quiet(cine_bar_);
    cine_bar_->setRange(0, static_cast<int>(source_.frames() - 1));
  });
  connect(&source_, &FrameSource::failed, this, [this](const QString& text) { Q_EMIT said(text, true); });
  connect(&length_process_, &LineProcess::line, this,
          [this](const QByteArray& line) { length_line_ = line; });
  connect(&length_process_, &LineProcess::ended, this,
          [this](int, const QString& problem) { take_length(problem); });
  connect(viewer_, &FrameViewer::measured, this, [this](QPointF from, QPointF to) {
    measure(
        {"--from", number(from.x()) + "," + number(from.y()), "--to", number(to.x()) + "," + number(to.y())});
  });
  connect(viewer_, &FrameViewer::ellipse_drawn, this, [this](const ReportEllipse& e) {
    const double degrees = e.angle * 180 / std::numbers::pi;
    measure({"--ellipse", QStringList{number(e.center.x()), number(e.center.y()), number(e.a), number(e.b),
                                      number(degrees)}
                              .join(",")});
  });
  connect(cine_timer_, &QTimer::timeout, this, [this] {
    if (source_.frames() > 1) cine_bar_->setValue(static_cast<int>((frame_ + 1) % source_.frames()));
  });
}

QLayout* FramePanel::make_tools() {
  auto* line = new QHBoxLayout;
  const auto add = [&](FrameTool tool, const QString& name, const QString& what) {
    auto* button = new QToolButton;
    button->setText(name);
    button->setToolTip(what);
    button->setCheckable(true);
    button->setChecked(tool == FrameTool::length);
    button->setObjectName(QString("ultrasound.tool.%1").arg(static_cast<int>(tool)));
    tools_->addButton(button, static_cast<int>(tool));
    line->addWidget(button);
  };
  add(FrameTool::length, tr("Length"), tr("Drag from one end to the other"));
  add(FrameTool::ellipse, tr("Ellipse"),
      tr("Drag its long axis, then click where it is as wide as it should be"));
  add(FrameTool::outline, tr("Outline"), tr("Drag around what is to be outlined"));
  add(FrameTool::box, tr("Box"), tr("Drag from corner to corner"));
  connect(tools_, &QButtonGroup::idClicked, this,
          [this](int tool) { set_tool(static_cast<FrameTool>(tool)); });
  line->addStretch(1);
  return line;
}

QLayout* FramePanel::make_levels() {
  window_bar_->setObjectName("ultrasound.window");
  level_bar_->setObjectName("ultrasound.level");
  auto* line = new QHBoxLayout;
  line->addWidget(bar_label(window_bar_, tr("Window"), 1, 512, 256));
  line->addWidget(window_bar_, 1);
  line->addWidget(bar_label(level_bar_, tr("Level"), 0, 255, 128));
  line->addWidget(level_bar_, 1);
  for (QSlider* slider : {window_bar_, level_bar_})
    connect(slider, &QSlider::valueChanged, this, [this] {
      if (window_bar_->value() != static_cast<int>(viewer_->window()) ||
          level_bar_->value() != static_cast<int>(viewer_->level()))
        viewer_->set_window(window_bar_->value(), level_bar_->value());
    });
  connect(viewer_, &FrameViewer::window_changed, this, [this] {
    const QSignalBlocker quiet_window(window_bar_), quiet_level(level_bar_);
    window_bar_->setValue(static_cast<int>(viewer_->window()));
    level_bar_->setValue(static_cast<int>(viewer_->level()));
  });
  return line;
}

QLayout* FramePanel::make_cine() {
  cine_bar_->setObjectName("ultrasound.cine");
  auto* line = new QHBoxLayout;
  line->addWidget(bar_label(cine_bar_, tr("Frame"), 0, 0, 0));
  line->addWidget(cine_bar_, 1);
  frame_label_->setMinimumWidth(
      frame_label_->fontMetrics().horizontalAdvance(tr("%1 of %2").arg(88).arg(88)));
  line->addWidget(frame_label_);
  overlay_->setObjectName("ultrasound.overlay");
  overlay_->setToolTip(tr("What the report and readers say lies where"));
  overlay_->setChecked(true);
  connect(overlay_, &QCheckBox::toggled, viewer_, &FrameViewer::set_overlay);
  line->addWidget(overlay_);
  connect(cine_bar_, &QSlider::valueChanged, this, [this](int frame) { source_.want(frame); });
  return line;
}

void FramePanel::open(const QString& file) {
  play(false);
  viewer_->set_frame({});
  frame_ = 0;
  source_.open(file);
  {
    const QSignalBlocker quiet(cine_bar_);
    cine_bar_->setRange(0, 0);
  }
  source_.want(0);
}

void FramePanel::show_frame(int64_t frame) {
  cine_bar_->setValue(static_cast<int>(frame));
}

void FramePanel::step(int64_t by) {
  show_frame(cine_bar_->value() + by);
}

bool FramePanel::play(bool playing) {
  const bool can = playing && source_.frames() > 1;
  if (can)
    cine_timer_->start(static_cast<int>(source_.frame_ms() > 0 ? source_.frame_ms() : kUsualFrameMs));
  else
    cine_timer_->stop();
  return can;
}

void FramePanel::set_tool(FrameTool tool) {
  tools_->button(static_cast<int>(tool))->setChecked(true);
  viewer_->set_tool(tool);
  length_label_->setText(tools_->button(static_cast<int>(tool))->toolTip());
}

void FramePanel::measure(const QStringList& what) {
  if (source_.file().isEmpty() || length_process_.running()) return;
  QStringList words{"measure", source_.file(), "--frame", QString::number(frame_)};
  words << what;
  if (mm_) words << "--mm-per-pixel" << QString::number(*mm_);
  Q_EMIT command_used(words);
  length_label_->setText(tr("measuring…"));
  length_line_.clear();
  length_process_.start(find_program("conclave-ultrasound"), words << "--json");
}

void FramePanel::take_length(const QString& problem) {
  try {
    require(problem.isEmpty(), "{}", length_process_.errors().section('\n', -1).toStdString());
    const Json json = ultrasound_json(length_line_);
    const bool mm = json.at("mm").is_number();
    const double pixels = json.at("pixels").get<double>();
    QString text = mm ? tr("%1 mm (%2 px)").arg(json.at("mm").get<double>(), 0, 'f', 2).arg(pixels, 0, 'f', 1)
                      : tr("%1 px").arg(pixels, 0, 'f', 1);
    if (json.contains("ellipse")) text = tr("around: %1").arg(text);
    const QString reason = QString::fromStdString(json.value("reason", std::string()));
    viewer_->set_length(text, mm);
    length_label_->setText(mm ? text : tr("%1; not in mm: %2").arg(text, reason));
  } catch (const std::exception& e) {
    length_label_->setText({});
    Q_EMIT said(QString::fromUtf8(e.what()), true);
  }
}

}  // namespace conclave::ui
