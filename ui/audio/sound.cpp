#include "ui/audio/sound.h"

#include <QFile>
#include <QtEndian>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>

#include "framework/base/error.h"
#include "ui/plots/color_map.h"

namespace conclave::ui {
namespace {

constexpr qint64 kMostWavBytes = 64 << 20;
constexpr int kWindowMs = 25, kStepMs = 4;
constexpr double kTopHertz = 8000;  // little that is heard of speech and music lies above
constexpr double kFloorDb = -80;
constexpr int kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;

struct Format {
  int kind = 0, channels = 0, rate = 0, bits = 0;
};

Format read_format(const QByteArray& chunk, const std::string& name) {
  require<Error>(chunk.size() >= 16, "{}: its format is cut off", name);
  const auto* at = reinterpret_cast<const uchar*>(chunk.constData());
  Format format{qFromLittleEndian<quint16>(at), qFromLittleEndian<quint16>(at + 2),
                static_cast<int>(qFromLittleEndian<quint32>(at + 4)), qFromLittleEndian<quint16>(at + 14)};
  if (format.kind == kExtensible && chunk.size() >= 26) format.kind = qFromLittleEndian<quint16>(at + 24);
  const bool known = (format.kind == kPcm && (format.bits == 16 || format.bits == 24 || format.bits == 32)) ||
                     (format.kind == kFloat && format.bits == 32);
  if (!known || format.channels < 1 || format.channels > 64 || format.rate < 100 || format.rate > 1000000)
    throw DataError(name, "", "only WAV of 16, 24 or 32 bits or floats is shown");
  return format;
}

float sample_at(const uchar* at, const Format& format) {
  if (format.bits == 16) return static_cast<float>(qFromLittleEndian<qint16>(at)) / 32768.0f;
  if (format.bits == 24) {
    const qint32 value =
        static_cast<qint32>(static_cast<quint32>(at[0]) << 8 | static_cast<quint32>(at[1]) << 16 |
                            static_cast<quint32>(at[2]) << 24);
    return static_cast<float>(value) / 2147483648.0f;
  }
  const auto bits = qFromLittleEndian<quint32>(at);
  if (format.kind == kPcm) return static_cast<float>(static_cast<qint32>(bits)) / 2147483648.0f;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return std::isfinite(value) ? std::clamp(value, -1.0f, 1.0f) : 0.0f;
}

// In place, decimation in time; the size is a power of two.
void fourier(std::vector<std::complex<float>>& values) {
  const size_t n = values.size();
  for (size_t i = 1, j = 0; i < n; ++i) {
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
  for (size_t length = 2; length <= n; length <<= 1) {
    const float angle = -2 * std::numbers::pi_v<float> / static_cast<float>(length);
    for (size_t i = 0; i < n; i += length)
      for (size_t k = 0; k < length / 2; ++k) {
        const auto turn = std::polar(1.0f, angle * static_cast<float>(k));
        const auto even = values[i + k], odd = values[i + k + length / 2] * turn;
        values[i + k] = even + odd;
        values[i + k + length / 2] = even - odd;
      }
  }
}

}  // namespace

Sound read_wav(const QString& file) {
  const std::string name = file.toStdString();
  QFile in(file);
  if (!in.open(QIODevice::ReadOnly)) throw DataError(name, "", in.errorString().toStdString());
  if (in.size() > kMostWavBytes) throw DataError(name, "", "recordings of more than 64 MB are not shown");
  const QByteArray head = in.read(12);
  if (head.size() < 12 || !head.startsWith("RIFF") || head.mid(8) != "WAVE")
    throw DataError(name, "", "is no WAV file");
  Format format;
  Sound sound;
  while (true) {
    const QByteArray chunk = in.read(8);
    if (chunk.size() < 8) break;
    const qint64 size = qFromLittleEndian<quint32>(chunk.constData() + 4);
    const qint64 left = std::min(size, in.size() - in.pos());  // a stream's header may promise more
    if (chunk.startsWith("fmt ")) {
      format = read_format(in.read(left), name);
    } else if (chunk.startsWith("data")) {
      if (format.rate == 0) throw DataError(name, "", "its samples come before their format");
      const QByteArray bytes = in.read(left);
      const qsizetype width = format.bits / 8, step = width * format.channels;
      const auto* at = reinterpret_cast<const uchar*>(bytes.constData());
      sound.rate = format.rate;
      sound.channels = format.channels;
      sound.samples.reserve(static_cast<size_t>(bytes.size() / step));
      for (qsizetype i = 0; i + step <= bytes.size(); i += step) {
        float sum = 0;
        for (qsizetype c = 0; c < format.channels; ++c) sum += sample_at(at + i + c * width, format);
        sound.samples.push_back(sum / static_cast<float>(format.channels));
      }
      return sound;
    } else {
      in.skip(left + (left & 1));
    }
  }
  throw DataError(name, "", "holds no samples");
}

QByteArray wav_from(const Sound& sound, double from) {
  const auto first = std::min(sound.samples.size(), static_cast<size_t>(std::max(0.0, from) * sound.rate));
  const auto bytes = static_cast<quint32>((sound.samples.size() - first) * 2);
  QByteArray wav(44 + static_cast<qsizetype>(bytes), Qt::Uninitialized);
  char* at = wav.data();
  const auto put4 = [&](int place, quint32 value) { qToLittleEndian(value, at + place); };
  const auto put2 = [&](int place, quint16 value) { qToLittleEndian(value, at + place); };
  std::memcpy(at, "RIFF", 4);
  put4(4, 36 + bytes);
  std::memcpy(at + 8, "WAVEfmt ", 8);
  put4(16, 16);
  put2(20, kPcm);
  put2(22, 1);
  put4(24, static_cast<quint32>(sound.rate));
  put4(28, static_cast<quint32>(sound.rate) * 2);
  put2(32, 2);
  put2(34, 16);
  std::memcpy(at + 36, "data", 4);
  put4(40, bytes);
  for (size_t i = first; i < sound.samples.size(); ++i)
    qToLittleEndian(static_cast<qint16>(std::lround(std::clamp(sound.samples[i], -1.0f, 1.0f) * 32767)),
                    at + 44 + 2 * (i - first));
  return wav;
}

std::vector<std::pair<float, float>> outline_of(const Sound& sound, int columns) {
  std::vector<std::pair<float, float>> outline(static_cast<size_t>(std::max(0, columns)));
  const size_t n = sound.samples.size();
  for (size_t c = 0; c < outline.size() && n > 0; ++c) {
    const size_t from = c * n / outline.size(), to = std::max(from + 1, (c + 1) * n / outline.size());
    const auto [low, high] = std::minmax_element(sound.samples.begin() + static_cast<std::ptrdiff_t>(from),
                                                 sound.samples.begin() + static_cast<std::ptrdiff_t>(to));
    outline[c] = {*low, *high};
  }
  return outline;
}

QImage spectrogram(const Sound& sound, int columns) {
  int window = 64;
  while (window * 1000 < kWindowMs * sound.rate) window *= 2;
  const auto size = static_cast<size_t>(window);
  const double top = std::min(kTopHertz, sound.rate / 2.0);
  const int height = std::max(1, static_cast<int>(std::lround(top / std::max(1, sound.rate) * window)));
  const int width =
      std::clamp(static_cast<int>(sound.seconds() * 1000 / kStepMs), 1, std::clamp(columns, 1, 4096));
  QImage image(width, height, QImage::Format_RGB32);
  image.fill(map_color(ColorMap::viridis, 0));
  if (sound.samples.size() < size) return image;
  std::vector<std::complex<float>> values(size);
  for (int x = 0; x < width; ++x) {
    const size_t last = sound.samples.size() - size;
    const size_t from = width > 1 ? last * static_cast<size_t>(x) / static_cast<size_t>(width - 1) : 0;
    for (size_t i = 0; i < size; ++i) {
      const float turn = 2 * std::numbers::pi_v<float> * static_cast<float>(i) / static_cast<float>(window);
      values[i] = sound.samples[from + i] * (0.5f - 0.5f * std::cos(turn));  // Hann's window
    }
    fourier(values);
    for (int k = 0; k < height; ++k) {
      const double level = 20 * std::log10(4.0 * std::abs(values[static_cast<size_t>(k)]) / window + 1e-9);
      image.setPixel(x, height - 1 - k, map_color(ColorMap::viridis, 1 - level / kFloorDb).rgb());
    }
  }
  return image;
}

}  // namespace conclave::ui
