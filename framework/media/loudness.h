/// Loudness as EBU R 128 and ITU-R BS.1770 measure it (by libebur128), and sound brought to a wanted one.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace conclave {

struct Loudness {
  std::optional<double> integrated;  ///< LUFS; nothing for silence
  double true_peak = 0;              ///< largest absolute value between the samples, too
};

/// Of mono sound float32 [N]. What is shorter than a measuring block of 400 ms is measured as if it were
/// repeated to fill one.
Loudness measure_loudness(const at::Tensor& samples_N, int64_t sample_rate);

struct LoudnessOptions {
  double target = -14;    ///< LUFS
  double ceiling = -1;    ///< dB of full scale that no true peak exceeds
  double most_gain = 40;  ///< dB; so that next to silence stays quiet
};

/// One gain for all of it, then a limiter where peaks would pass the ceiling. Silence, and what has nothing
/// that loudness counts (one sample, a constant), keeps its samples but for the ceiling.
at::Tensor normalise_loudness(const at::Tensor& samples_N, int64_t sample_rate,
                              const LoudnessOptions& options = {});

/// The limiter alone: peaks, those between samples included, come down to `ceiling` (a factor of full scale)
/// with a gain that moves smoothly over 5 ms before and behind.
at::Tensor limit_peaks(const at::Tensor& samples_N, int64_t sample_rate, double ceiling);

}  // namespace conclave
