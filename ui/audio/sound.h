/// A recording as the audio page shows it: samples, a spectrogram, a slice to be played.
#pragma once

#include <QByteArray>
#include <QImage>
#include <QString>
#include <vector>

namespace conclave::ui {

struct Sound {
  int rate = 0;  ///< samples a second
  int channels = 0;
  std::vector<float> samples;  ///< the mean of the channels, -1 to 1
  double seconds() const { return rate > 0 ? static_cast<double>(samples.size()) / rate : 0; }
};

/// WAV of 16, 24 or 32 bits or floats, at most 64 MB. Throws DataError.
Sound read_wav(const QString& file);

/// What is from second `from` on, as a WAV file of 16 bits.
QByteArray wav_from(const Sound& sound, double from);

/// The lowest and highest sample of each of `columns` equal parts.
std::vector<std::pair<float, float>> outline_of(const Sound& sound, int columns);

/// Decibels from -80 to 0 over time and frequency (up to 8 kHz or half the rate, low below), as viridis; a
/// column for each of at most `columns` windows of about 25 ms.
QImage spectrogram(const Sound& sound, int columns);

}  // namespace conclave::ui
