#include "ui/vqa/camera.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace conclave::ui {
namespace {

constexpr int kCameraMs = 15000;

QStringList system_command() {
  // The first frames of many cameras are dark.
  if (const QString program = QStandardPaths::findExecutable("ffmpeg"); !program.isEmpty())
    return {program,   "-loglevel", "error", "-y",        "-f", "v4l2", "-i",
            "%DEVICE", "-ss",       "0.5",   "-frames:v", "1",  "%FILE"};
  if (const QString program = QStandardPaths::findExecutable("fswebcam"); !program.isEmpty())
    return {program, "--quiet", "--no-banner", "--skip", "10", "--device", "%DEVICE", "%FILE"};
  return {};
}

QString first_camera() {
  const QStringList found = QDir("/dev").entryList({"video*"}, QDir::System, QDir::Name);
  return found.isEmpty() ? QString() : "/dev/" + found.front();
}

}  // namespace

Camera::Camera(QObject* parent) : QObject(parent), command_(system_command()), device_(first_camera()) {
  patience_.setSingleShot(true);
  patience_.setInterval(kCameraMs);
  connect(&patience_, &QTimer::timeout, this, [this] { process_.cancel(); });
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    patience_.stop();
    const QString said = process_.errors().section('\n', -1).trimmed();
    const bool whole = problem.isEmpty() && QFileInfo(file_).size() > 0;
    done_(whole ? file_ : QString(),
          whole ? QString()
                : tr("The camera %1 gave no picture: %2").arg(device_, said.isEmpty() ? problem : said));
  });
}

void Camera::shoot(std::function<void(const QString&, const QString&)> done) {
  if (process_.running()) return;
  if (device_.isEmpty()) return done({}, tr("This machine has no camera"));
  if (command_.isEmpty()) return done({}, tr("A camera needs ffmpeg or fswebcam; neither is on PATH"));
  done_ = std::move(done);
  file_ = folder_.filePath(QString("camera-%1.png").arg(++shot_));
  QStringList words = command_;
  words.replaceInStrings("%DEVICE", device_).replaceInStrings("%FILE", file_);
  process_.start(words[0], words.mid(1));
  patience_.start();
}

}  // namespace conclave::ui
