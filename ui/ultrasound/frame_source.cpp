#include "ui/ultrasound/frame_source.h"

#include <QFile>
#include <QFileInfo>

#include "framework/base/error.h"
#include "framework/base/json.h"
#include "ui/process/programs.h"
#include "ui/ultrasound/report_view.h"
#include "ui/vqa/picture_canvas.h"

namespace conclave::ui {
namespace {

constexpr int kFramesAtOnce = 40;
constexpr size_t kMostCineFrames = 400;

bool is_plain_picture(const QString& file) {
  const QString suffix = QFileInfo(file).suffix().toLower();
  return QStringList{"png", "jpg", "jpeg", "webp", "ppm", "bmp"}.contains(suffix);
}

}  // namespace

FrameSource::FrameSource(QObject* parent) : QObject(parent) {
  connect(&process_, &LineProcess::line, this, [this](const QByteArray& line) { line_ = line; });
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) { take(problem); });
}

void FrameSource::open(const QString& file) {
  file_ = file;
  frames_ = 1, wanted_ = 0, frame_ms_ = 0;
  cine_.clear();
}

void FrameSource::want(int64_t frame) {
  if (file_.isEmpty()) return;
  wanted_ = frame;
  if (const auto at_hand = cine_.find(frame); at_hand != cine_.end())
    return Q_EMIT shown(at_hand->second, frame);
  if (is_plain_picture(file_)) {
    QString problem;
    if (const QImage picture = read_picture(file_, problem); !picture.isNull()) {
      cine_[0] = picture;
      return Q_EMIT shown(picture, 0);
    }
  }
  if (process_.running()) return;
  const QString program = find_program("conclave-ultrasound");
  if (program.isEmpty())
    return Q_EMIT failed(tr("conclave-ultrasound is neither beside this program nor on PATH"));
  line_.clear();
  process_.start(program, {"frames", file_, "--out", folder_.filePath("frames"), "--first",
                           QString::number(frame), "--count", QString::number(kFramesAtOnce), "--json"});
}

void FrameSource::take(const QString& problem) {
  if (file_.isEmpty()) return;
  try {
    if (!problem.isEmpty()) throw Error(process_.errors().section('\n', -1).toStdString());
    const Json json = ultrasound_json(line_);
    if (json.at("file").get<std::string>() != file_.toStdString())
      return want(wanted_);  // of the file before
    frames_ = json.at("frames").get<int64_t>();
    frame_ms_ = json.at("frame_ms").get<double>();
    if (cine_.size() > kMostCineFrames) cine_.clear();
    auto at = json.at("first").get<int64_t>();
    for (const Json& file : json.at("written")) {
      const QString name = QString::fromStdString(file.get<std::string>());
      cine_[at++] = QImage(name);
      QFile::remove(name);
    }
    Q_EMIT counted();
    if (cine_.count(wanted_)) want(wanted_);
  } catch (const std::exception& e) {
    Q_EMIT failed(QString::fromUtf8(e.what()));
  }
}

}  // namespace conclave::ui
