/// One thing that was made: its recording, its notes or words, and how it was made.
#pragma once

#include <QStringList>
#include <vector>

#include "ui/audio/sound.h"

namespace conclave::ui {

struct RollNote {
  double begin = 0, end = 0;  ///< seconds
  int key = 60;               ///< MIDI's
  int part = 0;               ///< colour: the track, or the channel
};

struct SpokenWord {
  double begin = 0, end = 0;
  QString text;
};

struct Version {
  QString title, wave_file, notes_file;
  QStringList command;
  Sound sound;
  QImage spectrogram;
  std::vector<RollNote> notes;
  std::vector<SpokenWord> words;
  QString error;
  double seconds() const;
};

/// Throws DataError.
std::vector<RollNote> read_notes(const QString& midi_file);
/// "words" of the last line that conclave-audio speak --json printed; none when it has none.
std::vector<SpokenWord> parse_words(const QByteArray& line);

/// Reads what the two files hold; what is wrong goes into `error`. Slow: for another thread.
void load_version(Version& version);

}  // namespace conclave::ui
