#include "ui/audio/sound_player.h"

#include <QFile>
#include <QStandardPaths>
#include <algorithm>

namespace conclave::ui {
namespace {
constexpr int kPlayheadMs = 40;
constexpr int kPatienceMs = 500;
}  // namespace

SoundPlayer::SoundPlayer(QObject* parent) : QObject(parent), process_(this), tick_(this) {
  connect(&tick_, &QTimer::timeout, this, [this] { Q_EMIT moved(position()); });
  connect(&process_, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
    const QString said = QString::fromUtf8(process_.readAllStandardError()).section('\n', 0, 0).trimmed();
    const bool failed = status == QProcess::CrashExit || code != 0;
    finish(!failed ? QString() : said.isEmpty() ? tr("%1 cannot play it").arg(process_.program()) : said);
  });
  connect(&process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart) finish(process_.errorString());
  });
}

SoundPlayer::~SoundPlayer() {
  stop();
}

QStringList SoundPlayer::system_player() {
  static const std::vector<QStringList> known{
      {"pw-play"}, {"paplay"}, {"aplay", "-q"}, {"ffplay", "-nodisp", "-autoexit", "-loglevel", "error"}};
  for (QStringList words : known)
    if (const QString found = QStandardPaths::findExecutable(words[0]); !found.isEmpty()) {
      words[0] = found;
      return words;
    }
  return {};
}

QString SoundPlayer::play(const Sound& sound, double from) {
  stop();
  QStringList words = player_.isEmpty() ? system_player() : player_;
  if (words.isEmpty())
    return tr("No player was found: pw-play, paplay, aplay (alsa-utils) or ffplay (ffmpeg) would do");
  const QString file = folder_.filePath("slice.wav");
  QFile out(file);
  const QByteArray wav = wav_from(sound, from);
  if (!out.open(QIODevice::WriteOnly) || out.write(wav) != wav.size()) return out.errorString();
  out.close();
  from_ = from;
  length_ = sound.seconds();
  playing_ = true;
  since_.start();
  tick_.start(kPlayheadMs);
  process_.start(words[0], words.mid(1) << file);
  return {};
}

void SoundPlayer::stop() {
  if (process_.state() == QProcess::NotRunning) return;
  playing_ = false;
  tick_.stop();
  const QSignalBlocker quiet(process_);
  process_.terminate();
  if (!process_.waitForFinished(kPatienceMs)) process_.kill();
  process_.waitForFinished(kPatienceMs);
}

double SoundPlayer::position() const {
  return playing_ ? std::min(length_, from_ + static_cast<double>(since_.elapsed()) / 1000) : from_;
}

void SoundPlayer::finish(const QString& problem) {
  if (!std::exchange(playing_, false)) return;
  tick_.stop();
  Q_EMIT ended(problem);
}

}  // namespace conclave::ui
