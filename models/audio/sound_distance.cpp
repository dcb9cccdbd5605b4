#include "models/audio/sound_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

struct Scale {
  int64_t n_fft, bands;
};
constexpr std::array<Scale, 4> kMelScales = {{{128, 16}, {256, 32}, {512, 64}, {1024, 80}}};
constexpr std::array<int64_t, 3> kStftScales = {128, 256, 512};
constexpr double kQuietest = 1e-4;

double mel_of(double hertz) {
  return 2595 * std::log10(1 + hertz / 700);
}
double hertz_of(double mel) {
  return 700 * (std::pow(10, mel / 2595) - 1);
}

}  // namespace

Tensor mel_filters(int64_t n_fft, int64_t bands, int64_t sample_rate) {
  require(n_fft >= 2 && bands >= 1 && sample_rate >= 1, "[mel] {} bands of {} samples at {} Hz", bands, n_fft,
          sample_rate);
  const double top = mel_of(static_cast<double>(sample_rate) / 2);
  const int64_t bins = n_fft / 2 + 1;
  std::vector<float> filters(static_cast<size_t>(bands * bins));
  const auto corner = [&](int64_t i) {
    return hertz_of(top * static_cast<double>(i) / static_cast<double>(bands + 1));
  };
  for (int64_t band = 0; band < bands; ++band) {
    const double low = corner(band), middle = corner(band + 1), high = corner(band + 2);
    for (int64_t bin = 0; bin < bins; ++bin) {
      const double f = static_cast<double>(bin * sample_rate) / static_cast<double>(n_fft);
      const double height = std::min((f - low) / (middle - low), (high - f) / (high - middle));
      filters[static_cast<size_t>(band * bins + bin)] = static_cast<float>(std::max(height, 0.0));
    }
  }
  return at::tensor(filters).view({bands, bins});
}

Tensor magnitudes(const Tensor& audio_BN, int64_t n_fft) {
  const int64_t missing = std::max<int64_t>(n_fft / 2 + 1 - audio_BN.size(1), 0);  // for the reflected ends
  const Tensor x_BN = at::constant_pad_nd(audio_BN, {0, missing});
  const Tensor z = at::view_as_real(at::stft(x_BN, n_fft, n_fft / 4, n_fft, at::hann_window(n_fft),
                                             /*center=*/true, "reflect", /*normalized=*/false,
                                             /*onesided=*/true, /*return_complex=*/true));
  return (z.square().sum(-1) + 1e-9).sqrt();  // a slope at zero, too
}

Tensor log_mel(const Tensor& audio_BN, int64_t n_fft, int64_t bands, int64_t sample_rate) {
  return at::matmul(mel_filters(n_fft, bands, sample_rate), magnitudes(audio_BN, n_fft))
      .clamp_min(kQuietest)
      .log10();
}

Tensor mel_distance(const Tensor& made_BN, const Tensor& wanted_BN, int64_t sample_rate) {
  Tensor sum;
  for (const auto& [n_fft, bands] : kMelScales) {
    const Tensor one =
        (log_mel(made_BN, n_fft, bands, sample_rate) - log_mel(wanted_BN, n_fft, bands, sample_rate))
            .abs()
            .mean();
    sum = sum.defined() ? sum + one : one;
  }
  return sum / static_cast<double>(kMelScales.size());
}

Tensor stft_distance(const Tensor& made_BN, const Tensor& wanted_BN) {
  Tensor sum;
  for (const int64_t n_fft : kStftScales) {
    const Tensor made = magnitudes(made_BN, n_fft), wanted = magnitudes(wanted_BN, n_fft);
    const Tensor one = (made - wanted).norm() / wanted.norm().clamp_min(1e-8) +
                       (made.clamp_min(kQuietest).log() - wanted.clamp_min(kQuietest).log()).abs().mean();
    sum = sum.defined() ? sum + one : one;
  }
  return sum / static_cast<double>(kStftScales.size());
}

Tensor si_sdr(const Tensor& made_BN, const Tensor& wanted_BN) {
  const Tensor share = (made_BN * wanted_BN).sum(1, true) / (wanted_BN.square().sum(1, true) + 1e-12);
  const Tensor target = share * wanted_BN;
  return 10 * ((target.square().sum(1) + 1e-12) / ((made_BN - target).square().sum(1) + 1e-12)).log10();
}

}  // namespace conclave
