#include "apps/audio/sound_view.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/audio/picture_style.h"
#include "apps/audio/routing_bands.h"
#include "models/audio/sound_distance.h"

namespace conclave {
namespace {

constexpr int64_t kSoundLeft = 110, kText = 16, kFactor = 3, kBands = 64;
constexpr int64_t kColumnsPerSecond = 100;
constexpr double kRange = 4;  // powers of ten of magnitude, 80 dB

// Quiet to loud, dark to light.
constexpr std::array<std::array<float, 3>, 5> kRamp = {
    {{10, 8, 30}, {80, 18, 123}, {182, 54, 121}, {251, 136, 97}, {252, 253, 191}}};

// uint8 [bands,T,3], the highest band on top.
Tensor spectrogram(const Tensor& samples_N, int64_t rate) {
  const int64_t hop = std::max<int64_t>(rate / kColumnsPerSecond, 8);
  const Tensor bands_FT = log_mel(samples_N.unsqueeze(0), 4 * hop, kBands, rate)[0].flip(0);
  const Tensor loud_FT = ((bands_FT - bands_FT.max()) / kRange + 1).clamp(0, 1) * (kRamp.size() - 1.001);
  const Tensor step_FT = loud_FT.floor().to(at::kLong), part_FT1 = loud_FT.frac().unsqueeze(2);
  const Tensor ramp = at::from_blob(const_cast<float*>(kRamp[0].data()), {std::ssize(kRamp), 3}, at::kFloat);
  const auto color = [&](const Tensor& step) {
    return ramp.index_select(0, step.reshape({-1})).view({step.size(0), step.size(1), 3});
  };
  return (color(step_FT) * (1 - part_FT1) + color(step_FT + 1) * part_FT1).to(at::kByte).contiguous();
}

Tensor beginning(const Tensor& samples_N, int64_t rate) {
  return samples_N.slice(0, 0, static_cast<int64_t>(kSecondsDrawn * static_cast<double>(rate)));
}

int64_t column_of(double seconds) {
  return kSoundLeft + std::llround(seconds * kColumnsPerSecond) * kFactor;
}

// The picture of the sound at `y`; gives the place below it.
int64_t paste_sound(Canvas& canvas, const Tensor& picture, int64_t y) {
  canvas.paste(picture, kSoundLeft, y, kFactor);
  y += kBands * kFactor + 2;
  const double seconds = static_cast<double>(picture.size(1)) / kColumnsPerSecond;
  for (int half = 0; half / 2.0 <= seconds; ++half) {
    canvas.tint(column_of(half / 2.0), y, 1, 5, kInk, 1);
    canvas.text(column_of(half / 2.0) + 3, y, fmt::format("{:.1f} s", half / 2.0), kInk, 9);
  }
  return y + kText;
}

}  // namespace

void draw_sound(const Tensor& samples_N, int64_t sample_rate, const std::filesystem::path& file) {
  const Tensor picture = spectrogram(beginning(samples_N, sample_rate), sample_rate);
  Canvas canvas(kSoundLeft + picture.size(1) * kFactor + 40, kPictureEdge + kBands * kFactor + 2 * kText,
                kPaper);
  canvas.text(kPictureEdge, kPictureEdge, fmt::format("{} Hz", sample_rate / 2), kInk);
  paste_sound(canvas, picture, kPictureEdge);
  canvas.save(file);
}

void draw_speech(const Tensor& samples_N, const SpectralCodec& codec, const std::vector<WordTime>& words,
                 const RoutingLog& log, const std::filesystem::path& file) {
  const Tensor picture = spectrogram(beginning(samples_N, codec.sample_rate), codec.sample_rate);
  const auto bands = speech_bands(log, words, codec.hop);
  const int64_t width = picture.size(1) * kFactor, right = kSoundLeft + width;
  const int64_t column = kColumnsPerSecond * codec.hop / codec.sample_rate * kFactor;
  int64_t height = kPictureEdge + kText + kBands * kFactor + 2 * kText;
  for (const RoutingBand& band : bands) height += (band.experts + band.nulls) * kExpertRow + kBandGap;
  Canvas canvas(right + 40, height, kPaper);
  const auto seconds = [&](int64_t samples) {
    return static_cast<double>(samples) / static_cast<double>(codec.sample_rate);
  };
  for (const auto& word : words)
    if (column_of(seconds(word.begin)) < right)
      canvas.text(column_of(seconds(word.begin)), kPictureEdge, word.word, kInk);
  int64_t y = paste_sound(canvas, picture, kPictureEdge + kText) + kBandGap;
  for (const RoutingBand& band : bands) {
    const int64_t experts = band.experts + band.nulls;
    canvas.text(kPictureEdge, y, band.name, kInk);
    for (int64_t e = 0; e < experts; ++e) {
      const bool null = e >= band.experts;
      canvas.text(kSoundLeft - 30, y + e * kExpertRow, null ? "null" : fmt::format("e{}", e), kInk, 9);
      for (const auto& [frame, weight] : band.weight)
        if (kSoundLeft + frame * column < right)
          canvas.tint(kSoundLeft + frame * column, y + e * kExpertRow, column, kExpertRow - 1,
                      null ? kNullColor : category_color(e), std::min(1.0F, weight[static_cast<size_t>(e)]));
    }
    canvas.frame(kSoundLeft, y, width, experts * kExpertRow, kRim);
    y += experts * kExpertRow + kBandGap;
  }
  canvas.save(file);
}

}  // namespace conclave
