#include "models/audio/music/music_scores.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace conclave {
namespace {

// The slots of a record, counted by the place of the note that each token asks for.
void add_by_place(std::vector<Trace>& traces, const Record& record) {
  const Tensor expert_TK = record.routing.expert_TK.contiguous(),
               weight_TK = record.routing.weight_TK.detach().to(at::kFloat).contiguous(),
               place_T = record.context.position_T;
  const auto slots = static_cast<size_t>(record.routing.slots());
  for (size_t place = 0; place < traces.size(); ++place) {
    const Tensor row_P = place_T.eq(static_cast<int64_t>(place)).nonzero().squeeze(1);
    if (row_P.numel() == 0) continue;
    const Tensor expert_PK = expert_TK.index_select(0, row_P), weight_PK = weight_TK.index_select(0, row_P);
    const auto rows = static_cast<size_t>(row_P.numel());
    traces[place].add(record.site, static_cast<int>(record.experts + record.nulls),
                      {{expert_PK.data_ptr<int32_t>(), rows * slots},
                       {weight_PK.data_ptr<float>(), rows * slots},
                       static_cast<int>(rows),
                       static_cast<int>(slots)},
                      {});
  }
}

std::vector<PianoRoll> moved_copies(const PianoRoll& piece, int shifts) {
  std::vector<PianoRoll> copies = {piece};
  for (int by = -shifts; by <= shifts; ++by) {
    PianoRoll moved = piece;
    if (by != 0 && transpose(moved, by)) copies.push_back(std::move(moved));
  }
  return copies;
}

}  // namespace

MusicScores score_music(const MusicLm& model, std::span<const PianoRoll> pieces, int64_t style,
                        const MusicScoring& scoring, std::vector<std::vector<double>>* log_prob) {
  at::NoGradGuard no_grad;
  MusicScores scores;
  scores.by_place.resize(static_cast<size_t>(model.ranks) + 1);
  for (const auto& piece : pieces) {
    if (log_prob) log_prob->emplace_back();
    if (piece.frames.empty()) continue;
    std::vector<Tensor> log_prob_T;
    for (const auto& copy : moved_copies(piece, scoring.shifts)) {
      const std::span<const Chord> one[] = {copy.frames};
      const NoteBatch batch = make_note_batch(one);
      RoutingLog log;
      TokenContext context;
      if (log_prob_T.empty()) context.log = &log;
      const Tensor features = model.read(batch, at::full({1}, style, at::kLong), context);
      const auto frames_read = log.records.size();
      const Tensor nll = scoring.protocol == MusicProtocol::factored
                             ? model.chord_nll(features, batch, context)
                             : model.independent_nll(features, batch);
      for (size_t i = 0; i < log.records.size(); ++i) {
        scores.trace.add(log.records[i]);
        if (i >= frames_read) add_by_place(scores.by_place, log.records[i]);
      }
      log_prob_T.push_back(-nll[0].to(at::kDouble));
    }
    const Tensor mean_T =
        at::logsumexp(at::stack(log_prob_T), {0}) - std::log(static_cast<double>(log_prob_T.size()));
    scores.nll -= mean_T.sum().item<double>();
    scores.first -= mean_T[0].item<double>();
    scores.frames += mean_T.size(0);
    if (log_prob)
      log_prob->back().assign(mean_T.data_ptr<double>(), mean_T.data_ptr<double>() + mean_T.size(0));
  }
  return scores;
}

}  // namespace conclave
