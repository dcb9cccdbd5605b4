/// Plays a recording through a player of the system, from any place in it.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTimer>

#include "ui/audio/sound.h"

namespace conclave::ui {

class SoundPlayer : public QObject {
  Q_OBJECT
 public:
  explicit SoundPlayer(QObject* parent = nullptr);
  ~SoundPlayer() override;
  /// pw-play, paplay, aplay or ffplay, whichever is on PATH first, with its words; empty: there is none.
  static QStringList system_player();
  /// In place of the system's.
  void set_player(const QStringList& words) { player_ = words; }

  /// Returns what went wrong, or nothing.
  QString play(const Sound& sound, double from);
  void stop();
  bool playing() const { return playing_; }
  double position() const;

 Q_SIGNALS:
  void moved(double seconds);
  /// At the end, or because the player gave up; `problem` is empty when all went well.
  void ended(const QString& problem);

 private:
  void finish(const QString& problem);
  QProcess process_;
  QTemporaryDir folder_;
  QTimer tick_;
  QElapsedTimer since_;
  QStringList player_;
  double from_ = 0, length_ = 0;
  bool playing_ = false;
};

}  // namespace conclave::ui
