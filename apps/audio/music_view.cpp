#include "apps/audio/music_view.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "apps/audio/picture_style.h"
#include "framework/moe/routing_log.h"

namespace conclave {
namespace {

constexpr int64_t kNotesLeft = 120, kColumn = 6, kKeyRow = 3;

// Mean weight of each expert, nulls too, over the tokens of each frame [F,E].
Tensor weights_by_frame(const Record& record, const Tensor& frame_T, int64_t frames) {
  const int64_t experts = record.experts + record.nulls;
  const Tensor expert_TK = record.routing.expert_TK.to(at::kLong), chosen_TK = expert_TK.ge(0);
  const Tensor weight_TK = record.routing.weight_TK.to(at::kFloat).masked_fill(chosen_TK.logical_not(), 0);
  const Tensor weight_TE =
      at::zeros({expert_TK.size(0), experts}).scatter_add(1, expert_TK.clamp_min(0), weight_TK);
  const Tensor sum_FE = at::zeros({frames, experts}).index_add(0, frame_T, weight_TE);
  const Tensor count_F = at::zeros({frames}).index_add(0, frame_T, at::ones_like(frame_T, at::kFloat));
  return sum_FE / count_F.clamp_min(1).unsqueeze(1);
}

}  // namespace

void draw_music_routing(const MusicLm& model, int64_t style, const PianoRoll& roll, int64_t most,
                        const std::filesystem::path& file) {
  at::NoGradGuard no_grad;
  const int64_t frames = std::min<int64_t>(std::ssize(roll.frames), most);
  const std::span<const Chord> pieces[] = {std::span(roll.frames).first(static_cast<size_t>(frames))};
  const NoteBatch batch = make_note_batch(pieces);
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor features = model.read(batch, at::full({1}, style, at::kLong), context);
  const size_t in_time = log.records.size();
  model.chord_nll(features, batch, context);

  int lowest = kHighestKey, highest = kLowestKey;
  for (const auto& chord : pieces[0]) {
    if (chord.empty()) continue;
    lowest = std::min(lowest, chord.front());
    highest = std::max(highest, chord.back());
  }
  const int64_t keys = std::max(highest - lowest + 1, 1);
  int64_t height = kPictureEdge + keys * kKeyRow + kBandGap;
  for (const auto& record : log.records) height += (record.experts + record.nulls) * kExpertRow + kBandGap;
  Canvas canvas(kNotesLeft + frames * kColumn + kPictureEdge, height, kPaper);

  canvas.text(kPictureEdge, kPictureEdge, "notes", kInk);
  for (int64_t f = 0; f < frames; ++f)
    for (const int key : pieces[0][static_cast<size_t>(f)])
      canvas.tint(kNotesLeft + f * kColumn, kPictureEdge + (highest - key) * kKeyRow, kColumn, kKeyRow, kInk,
                  1);
  int64_t y = kPictureEdge + keys * kKeyRow + kBandGap;
  for (size_t i = 0; i < log.records.size(); ++i) {
    const Record& record = log.records[i];
    const int64_t experts = record.experts + record.nulls;
    const Tensor frame_T = i < in_time ? at::arange(frames, at::kLong) : record.context.sequence_T;
    const Tensor weight_FE = weights_by_frame(record, frame_T, frames).contiguous();
    canvas.text(kPictureEdge, y, fmt::format("{} {}", i < in_time ? "time" : "chord", record.site), kInk);
    for (int64_t e = 0; e < experts; ++e) {
      const bool null = e >= record.experts;
      const int64_t row = y + e * kExpertRow;
      canvas.text(kNotesLeft - 30, row, null ? "null" : fmt::format("e{}", e), kInk, 9);
      for (int64_t f = 0; f < frames; ++f)
        canvas.tint(kNotesLeft + f * kColumn, row, kColumn, kExpertRow - 1,
                    null ? kNullColor : category_color(e),
                    std::min(1.0F, weight_FE.data_ptr<float>()[f * experts + e]));
    }
    canvas.frame(kNotesLeft, y, frames * kColumn, experts * kExpertRow, kRim);
    y += experts * kExpertRow + kBandGap;
  }
  canvas.save(file);
}

}  // namespace conclave
