#include "framework/media/synthesizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kLongest = 4 * 3600, kTail = 1.5;  // seconds
constexpr double kAttack = 0.012, kRelease = 0.18;  // seconds
constexpr double kDecay = 1.6;                      // seconds to fall to 1/e
constexpr double kSustain = 0.35;                   // of the peak, below which a held note does not fall
constexpr size_t kPeriod = 2048;
constexpr double kPartials[] = {1, 0.45, 0.28, 0.14, 0.08, 0.05};
constexpr float kPeak = 0.9F;

double envelope(double t, double length) {
  const double held = std::min(t, length);
  const double rise = std::min(held / kAttack, 1.0);
  const double level = rise * (kSustain + (1 - kSustain) * std::exp(-held / kDecay));
  return t <= length ? level : level * std::max(0.0, 1 - (t - length) / kRelease);
}

// One period of the wave with so many partials, and its first value again behind the last.
std::vector<float> period(size_t partials) {
  std::vector<float> wave(kPeriod + 1);
  for (size_t i = 0; i <= kPeriod; ++i) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(i % kPeriod) / kPeriod;
    for (size_t p = 0; p < partials; ++p)
      wave[i] += static_cast<float>(kPartials[p] * std::sin(phase * static_cast<double>(p + 1)));
  }
  return wave;
}

class Instrument {
 public:
  explicit Instrument(double rate) : rate_(rate) {
    for (size_t partials = 0; partials <= std::size(kPartials); ++partials)
      waves_.push_back(period(partials));
  }

  void add(float* out, int64_t total, const MidiFile& midi, const MidiNote& note) const {
    const double start = midi.seconds(note.start), length = midi.seconds(note.start + note.length) - start;
    const double pitch = 440 * std::exp2((note.key - 69) / 12.0);
    // Partials beyond half the rate would come back as other tones.
    const auto partials = static_cast<size_t>(rate_ / 2 / pitch);
    const auto& wave = waves_[std::min(partials, std::size(kPartials))];
    const auto from = static_cast<int64_t>(std::ceil(start * rate_));
    const auto to = std::min(total, static_cast<int64_t>((start + length + kRelease) * rate_));
    const double step = pitch / rate_ * static_cast<double>(kPeriod);
    double phase = 0;
    for (int64_t i = from; i < to; ++i) {
      const auto at = static_cast<size_t>(phase);
      const auto part = static_cast<float>(phase - static_cast<double>(at));
      const float value = wave[at] + part * (wave[at + 1] - wave[at]);
      const double t = static_cast<double>(i) / rate_ - start;
      out[i] += value * static_cast<float>(envelope(t, length) * note.velocity / 127);
      phase += step;
      while (phase >= static_cast<double>(kPeriod)) phase -= static_cast<double>(kPeriod);
    }
  }

 private:
  double rate_;
  std::vector<std::vector<float>> waves_;  // by how many partials sound
};

}  // namespace

at::Tensor synthesize(const MidiFile& midi, int64_t sample_rate) {
  require(sample_rate >= 1000 && sample_rate <= 384000, "[synthesize] {} samples a second", sample_rate);
  const double seconds = midi.seconds(midi.length()) + kTail;
  require(seconds <= kLongest, "[synthesize] {:.0f} s of music: more than {:.0f} s", seconds, kLongest);
  const auto rate = static_cast<double>(sample_rate);
  at::Tensor samples_N = at::zeros({static_cast<int64_t>(seconds * rate)}, at::kFloat);
  const Instrument instrument(rate);
  for (const auto& note : midi.notes)
    if (note.channel != kPercussionChannel)
      instrument.add(samples_N.data_ptr<float>(), samples_N.size(0), midi, note);
  const float peak = samples_N.abs().max().item<float>();
  return peak > kPeak ? samples_N * (kPeak / peak) : samples_N;
}

}  // namespace conclave
