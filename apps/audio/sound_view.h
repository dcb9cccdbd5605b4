/// Sound as a picture.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/moe/routing_log.h"
#include "models/audio/speaking.h"

namespace conclave {

/// Longer sound is drawn up to here.
constexpr double kSecondsDrawn = 12;

/// The spectrogram: mel bands of the loudest 80 dB, a column for 10 ms, with a mark every half second. Throws
/// Error when the file cannot be written.
void draw_sound(const Tensor& samples_N, int64_t sample_rate, const std::filesystem::path& file);

/// The same of spoken words, with their names above, and below it a band for each MoE layer: a row an expert
/// (null experts last, in grey), a column a frame of codes, the darker the more weight the expert had there.
/// `log` holds what speak() left.
void draw_speech(const Tensor& samples_N, const SpectralCodec& codec, const std::vector<WordTime>& words,
                 const RoutingLog& log, const std::filesystem::path& file);

}  // namespace conclave
