#include "framework/media/synthesizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kLongest = 4 * 3600, kTail = 1.5;  // seconds
constexpr double kAttack = 0.012, kRelease = 0.18;  // seconds
constexpr double kDecay = 1.6;                      // seconds to fall to 1/e
constexpr double kSustain = 0.35;                   // of the peak, below which a held note does not fall
constexpr double kPartials[] = {1, 0.45, 0.28, 0.14, 0.08, 0.05};
constexpr int kPercussion = 9;
constexpr float kPeak = 0.9F;

double envelope(double t, double length) {
  const double held = std::min(t, length);
  const double rise = std::min(held / kAttack, 1.0);
  const double level = rise * (kSustain + (1 - kSustain) * std::exp(-held / kDecay));
  return t <= length ? level : level * std::max(0.0, 1 - (t - length) / kRelease);
}

void add_note(float* out, int64_t total, const MidiFile& midi, const MidiNote& note, double rate) {
  const double start = midi.seconds(note.start), length = midi.seconds(note.start + note.length) - start;
  const double pitch = 440 * std::exp2((note.key - 69) / 12.0);
  const auto from = static_cast<int64_t>(start * rate);
  const auto to = std::min(total, static_cast<int64_t>((start + length + kRelease) * rate));
  for (int64_t i = from; i < to; ++i) {
    const double t = static_cast<double>(i) / rate - start;
    if (t < 0) continue;
    double wave = 0;
    double harmonic = 1;
    for (const double strength : kPartials) {
      if (pitch * harmonic < rate / 2)
        wave += strength * std::sin(2 * std::numbers::pi * pitch * harmonic * t);
      ++harmonic;
    }
    out[i] += static_cast<float>(wave * envelope(t, length) * note.velocity / 127);
  }
}

}  // namespace

at::Tensor synthesize(const MidiFile& midi, int64_t sample_rate) {
  require(sample_rate >= 1000 && sample_rate <= 384000, "[synthesize] {} samples a second", sample_rate);
  const double seconds = midi.seconds(midi.length()) + kTail;
  require(seconds <= kLongest, "[synthesize] {:.0f} s of music: more than {:.0f} s", seconds, kLongest);
  const auto rate = static_cast<double>(sample_rate);
  at::Tensor samples_N = at::zeros({static_cast<int64_t>(seconds * rate)}, at::kFloat);
  for (const auto& note : midi.notes)
    if (note.channel != kPercussion)
      add_note(samples_N.data_ptr<float>(), samples_N.size(0), midi, note, rate);
  const float peak = samples_N.abs().max().item<float>();
  return peak > kPeak ? samples_N * (kPeak / peak) : samples_N;
}

}  // namespace conclave
