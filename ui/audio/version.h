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

/// One layer of the model: the weights of its experts, null experts last, by frame.
struct RoutingStrip {
  QString name;
  int experts = 0, nulls = 0;
  std::vector<std::vector<float>> weights;  ///< [frame]; empty where nothing was made
};

/// Where the model sent each frame.
struct TimedRouting {
  std::vector<double> times;  ///< seconds at which each frame begins, and the last one ends
  std::vector<RoutingStrip> layers;
};

struct Version {
  QString title, wave_file, notes_file;
  QStringList command;
  Sound sound;
  QImage spectrogram;
  std::vector<RollNote> notes;
  std::vector<SpokenWord> words;
  TimedRouting routing;
  QString error;
  double seconds() const;
};

/// Throws DataError.
std::vector<RollNote> read_notes(const QString& midi_file);
/// "words" of the last line that conclave-audio speak --json printed; none when it has none.
std::vector<SpokenWord> parse_words(const QByteArray& line);

/// "routing" of such a line; nothing when it has none. Throws DataError.
TimedRouting parse_routing(const QByteArray& line);

/// What the picture shows as rows of CSV: kind (note, word, expert, no expert), begin, end, name, value.
QString version_csv(const Version& version);

/// Reads what the two files hold; what is wrong goes into `error`. Slow: for another thread.
void load_version(Version& version);

}  // namespace conclave::ui
