#include "apps/audio/music_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/audio/picture_style.h"
#include "apps/audio/routing_bands.h"

namespace conclave {
namespace {
constexpr int64_t kNotesLeft = 120, kColumn = 6, kKeyRow = 3;
}  // namespace

void draw_music_routing(const MusicLm& model, int64_t style, const PianoRoll& roll, int64_t most,
                        const std::filesystem::path& file) {
  const auto bands = music_bands(model, style, roll, most);
  const int64_t frames = std::min<int64_t>(std::ssize(roll.frames), most);
  const auto chords = std::span(roll.frames).first(static_cast<size_t>(frames));
  int lowest = kHighestKey, highest = kLowestKey;
  for (const auto& chord : chords) {
    if (chord.empty()) continue;
    lowest = std::min(lowest, chord.front());
    highest = std::max(highest, chord.back());
  }
  const int64_t keys = std::max(highest - lowest + 1, 1);
  int64_t height = kPictureEdge + keys * kKeyRow + kBandGap;
  for (const RoutingBand& band : bands) height += (band.experts + band.nulls) * kExpertRow + kBandGap;
  Canvas canvas(kNotesLeft + frames * kColumn + kPictureEdge, height, kPaper);

  canvas.text(kPictureEdge, kPictureEdge, "notes", kInk);
  for (int64_t f = 0; f < frames; ++f)
    for (const int key : chords[static_cast<size_t>(f)])
      canvas.tint(kNotesLeft + f * kColumn, kPictureEdge + (highest - key) * kKeyRow, kColumn, kKeyRow, kInk,
                  1);
  int64_t y = kPictureEdge + keys * kKeyRow + kBandGap;
  for (const RoutingBand& band : bands) {
    const int64_t experts = band.experts + band.nulls;
    canvas.text(kPictureEdge, y, band.name, kInk);
    for (int64_t e = 0; e < experts; ++e) {
      const bool null = e >= band.experts;
      const int64_t row = y + e * kExpertRow;
      canvas.text(kNotesLeft - 30, row, null ? "null" : fmt::format("e{}", e), kInk, 9);
      for (int64_t f = 0; f < frames; ++f)
        canvas.tint(kNotesLeft + f * kColumn, row, kColumn, kExpertRow - 1,
                    null ? kNullColor : category_color(e),
                    std::min(1.0F, band.weight.at(f)[static_cast<size_t>(e)]));
    }
    canvas.frame(kNotesLeft, y, frames * kColumn, experts * kExpertRow, kRim);
    y += experts * kExpertRow + kBandGap;
  }
  canvas.save(file);
}

}  // namespace conclave
