/// How far two sounds are apart. All take sound [B,N] and can be differentiated.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

using at::Tensor;

/// Triangles evenly spaced on the mel scale 2595·log10(1 + f/700), from 0 to half the rate: [bands,
/// n_fft/2+1].
Tensor mel_filters(int64_t n_fft, int64_t bands, int64_t sample_rate);

/// |STFT| with a Hann window of n_fft samples at n_fft/4: [B, n_fft/2+1, T]. Shorter sound is padded by
/// zeros.
Tensor magnitudes(const Tensor& audio_BN, int64_t n_fft);

/// log10 of mel bands, not below 1e-4: [B, bands, T].
Tensor log_mel(const Tensor& audio_BN, int64_t n_fft, int64_t bands, int64_t sample_rate);

/// Mean absolute difference of log-mel spectra, over windows of 128 to 1024 samples (as DAC's multi-scale mel
/// loss, arXiv 2306.06546, with fewer scales).
Tensor mel_distance(const Tensor& made_BN, const Tensor& wanted_BN, int64_t sample_rate);

/// Spectral convergence plus mean difference of log magnitudes, over windows of 128, 256 and 512 samples
/// (Parallel WaveGAN, arXiv 1910.11480, for 8 and 16 kHz).
Tensor stft_distance(const Tensor& made_BN, const Tensor& wanted_BN);

/// Scale-invariant signal-to-distortion ratio in dB [B] (arXiv 1811.02508).
Tensor si_sdr(const Tensor& made_BN, const Tensor& wanted_BN);

}  // namespace conclave
