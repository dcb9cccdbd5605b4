#include "framework/media/loudness.h"

#include <ATen/ATen.h>
#include <ebur128.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kBlock = 0.4;        // seconds
constexpr double kReach = 0.005;      // seconds that the limiter moves over
constexpr int64_t kOversampling = 4;  // as BS.1770 asks
constexpr int64_t kTaps = 12;         // on each side, of each phase
constexpr int64_t kPiece = 1 << 18;   // samples that the limiter works on at a time

struct FreeMeter {
  void operator()(ebur128_state* meter) const { ebur128_destroy(&meter); }
};

double factor_of(double decibels) {
  return std::pow(10, decibels / 20);
}

// Windowed sinc, one row for each place between two samples: [4,1,2·taps+1].
at::Tensor between_samples() {
  std::vector<float> rows;
  for (int64_t phase = 0; phase < kOversampling; ++phase)
    for (int64_t tap = -kTaps; tap <= kTaps; ++tap) {
      const double t =
          static_cast<double>(tap) - static_cast<double>(phase) / static_cast<double>(kOversampling);
      const double x = std::numbers::pi * t;
      const double window = 0.5 + 0.5 * std::cos(x / (kTaps + 1));
      rows.push_back(static_cast<float>((x == 0 ? 1 : std::sin(x) / x) * window));
    }
  return at::tensor(rows).view({kOversampling, 1, 2 * kTaps + 1});
}

// The largest absolute value at each sample and before the next: [1,1,N - 2·taps] for [1,1,N].
at::Tensor peaks(const at::Tensor& x_11N) {
  return at::conv1d(x_11N, between_samples()).abs().amax(1, true);
}

}  // namespace

Loudness measure_loudness(const at::Tensor& samples_N, int64_t sample_rate) {
  const at::Tensor x_N = samples_N.to(at::kFloat).contiguous();
  const auto samples = static_cast<size_t>(x_N.size(0));
  Loudness loudness;
  if (samples == 0) return loudness;
  const std::unique_ptr<ebur128_state, FreeMeter> meter(
      ebur128_init(1, static_cast<unsigned long>(sample_rate), EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK));
  require(meter != nullptr, "[loudness] cannot measure at {} Hz", sample_rate);
  const auto block = static_cast<size_t>(std::ceil(kBlock * static_cast<double>(sample_rate)));
  for (size_t done = 0; done == 0 || done < block; done += samples)
    ebur128_add_frames_float(meter.get(), x_N.const_data_ptr<float>(), samples);
  double value = 0;
  ebur128_loudness_global(meter.get(), &value);
  if (std::isfinite(value)) loudness.integrated = value;
  ebur128_true_peak(meter.get(), 0, &loudness.true_peak);
  return loudness;
}

at::Tensor limit_peaks(const at::Tensor& samples_N, int64_t sample_rate, double ceiling) {
  const int64_t samples = samples_N.size(0);
  const auto reach =
      std::max<int64_t>(static_cast<int64_t>(std::lround(kReach * static_cast<double>(sample_rate))), kTaps);
  // The smallest gain within reach, then its mean over a window no wider: never above what a peak needs.
  const int64_t window = 2 * reach + 1, margin = 2 * reach + kTaps;
  const at::Tensor shape = at::hann_window(window + 2, /*periodic=*/false).narrow(0, 1, window);
  const at::Tensor smooth = (shape / shape.sum()).view({1, 1, window});
  const at::Tensor padded_N = at::constant_pad_nd(samples_N, {margin, margin});
  std::vector<at::Tensor> pieces;
  for (int64_t at = 0; at < samples; at += kPiece) {
    const int64_t count = std::min(kPiece, samples - at);
    const at::Tensor x_11N = padded_N.narrow(0, at, count + 2 * margin).view({1, 1, -1});
    const at::Tensor gain = (ceiling / peaks(x_11N).clamp_min(ceiling));
    const at::Tensor least = -at::max_pool1d(-gain, {window}, {1});
    const at::Tensor less = at::conv1d(1 - least, smooth).flatten();  // exactly 0 where nothing is to be done
    pieces.push_back(samples_N.narrow(0, at, count) * (1 - less));
  }
  return pieces.empty() ? samples_N : at::cat(pieces);
}

at::Tensor normalise_loudness(const at::Tensor& samples_N, int64_t sample_rate,
                              const LoudnessOptions& options) {
  require<UsageError>(options.target <= 0 && options.target >= -70 && options.ceiling <= 0,
                      "a loudness of {} LUFS below {} dB: allowed are -70 to 0, and at most 0",
                      options.target, options.ceiling);
  const auto loudness = measure_loudness(samples_N, sample_rate);
  const double gain =
      loudness.integrated ? factor_of(std::min(options.target - *loudness.integrated, options.most_gain)) : 1;
  const double ceiling = factor_of(options.ceiling);
  const at::Tensor louder_N = samples_N * gain;
  if (loudness.true_peak * gain <= ceiling) return louder_N;
  const at::Tensor limited_N = limit_peaks(louder_N, sample_rate, ceiling);
  const double peak = measure_loudness(limited_N, sample_rate).true_peak;  // what the filters miss
  return peak > ceiling ? limited_N * (ceiling / peak) : limited_N;
}

}  // namespace conclave
