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

struct Copy {
  int by = 0;  // semitones
  PianoRoll roll;
};

std::vector<Copy> moved_copies(const PianoRoll& piece, int shifts) {
  std::vector<Copy> copies = {{0, piece}};
  for (int by = -shifts; by <= shifts; ++by) {
    PianoRoll moved = piece;
    if (by != 0 && transpose(moved, by)) copies.push_back({by, std::move(moved)});
  }
  return copies;
}

// Means over the copies of a piece, of what each says of its frames.
class CopyMean {
 public:
  explicit CopyMean(MusicProtocol protocol) : protocol_(protocol) {}

  void add(const MusicLm& model, const Tensor& features, const NoteBatch& batch, int by,
           const TokenContext& context) {
    if (protocol_ == MusicProtocol::factored) {
      log_prob_T_.push_back(-model.chord_nll(features, batch, context)[0].to(at::kDouble));
      return;
    }
    // Key k of the piece is key k + by of the copy; beyond the keyboard a copy says nothing.
    const Tensor prob_TK = model.independent_logits(features)[0].to(at::kDouble).sigmoid();
    const int64_t from = std::max(0, -by), count = kPianoKeys - std::abs(by);
    if (!prob_TK_.defined()) {
      prob_TK_ = at::zeros_like(prob_TK);
      copies_K_ = at::zeros({kPianoKeys}, at::kDouble);
      keys_TK_ = sounding_keys(batch)[0].to(at::kDouble);  // the first copy is the piece itself
    }
    prob_TK_.narrow(1, from, count).add_(prob_TK.narrow(1, from + by, count));
    copies_K_.narrow(0, from, count).add_(1);
  }

  Tensor log_prob_T() const {
    if (protocol_ == MusicProtocol::factored)
      return at::logsumexp(at::stack(log_prob_T_), {0}) - std::log(static_cast<double>(log_prob_T_.size()));
    const Tensor mean_TK = prob_TK_ / copies_K_;
    return at::where(keys_TK_.gt(0), mean_TK.log(), (-mean_TK).log1p()).sum(1);
  }

 private:
  MusicProtocol protocol_;
  std::vector<Tensor> log_prob_T_;
  Tensor prob_TK_, copies_K_, keys_TK_;
};

}  // namespace

MusicScores score_music(const MusicLm& model, std::span<const PianoRoll> pieces, int64_t style,
                        const MusicScoring& scoring, std::vector<std::vector<double>>* log_prob) {
  at::NoGradGuard no_grad;
  MusicScores scores;
  scores.by_place.resize(static_cast<size_t>(model.ranks) + 1);
  for (const auto& piece : pieces) {
    if (log_prob) log_prob->emplace_back();
    if (piece.frames.empty()) continue;
    CopyMean mean(scoring.protocol);
    for (const auto& copy : moved_copies(piece, scoring.shifts)) {
      const std::span<const Chord> one[] = {copy.roll.frames};
      const NoteBatch batch = make_note_batch(one);
      RoutingLog log;
      TokenContext context;
      if (copy.by == 0) context.log = &log;
      const Tensor features = model.read(batch, at::full({1}, style, at::kLong), context);
      const auto frames_read = log.records.size();
      mean.add(model, features, batch, copy.by, context);
      for (size_t i = 0; i < log.records.size(); ++i) {
        scores.trace.add(log.records[i]);
        if (i >= frames_read) add_by_place(scores.by_place, log.records[i]);
      }
    }
    const Tensor mean_T = mean.log_prob_T();
    scores.nll -= mean_T.sum().item<double>();
    scores.first -= mean_T[0].item<double>();
    scores.frames += mean_T.size(0);
    if (log_prob)
      log_prob->back().assign(mean_T.data_ptr<double>(), mean_T.data_ptr<double>() + mean_T.size(0));
  }
  return scores;
}

}  // namespace conclave
