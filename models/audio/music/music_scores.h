/// How well a model of notes foresees pieces: the mean negative log-likelihood of a frame.
#pragma once

#include <span>
#include <vector>

#include "framework/moe/trace.h"
#include "models/audio/music/music_lm.h"

namespace conclave {

enum class MusicProtocol {
  factored,    ///< notes of a frame given those above them: a distribution over sets of keys
  independent  ///< 88 keys, each by its own sigmoid
};

struct MusicScoring {
  MusicProtocol protocol = MusicProtocol::factored;
  /// Probabilities are means over the piece as it is and moved by up to so many semitones either way, as far
  /// as the piano reaches: of each frame (a mixture, so still a distribution), or of each key where keys are
  /// independent, which they stay.
  int shifts = 0;
};

struct MusicScores {
  double nll = 0;               ///< nats, sum over all frames
  int64_t frames = 0;           ///< all of them, the first of each piece too
  double first = 0;             ///< nats, sum over the pieces' first frames
  Trace trace;                  ///< routing of all MoE layers; of the piece as it is
  std::vector<Trace> by_place;  ///< the same of the layers that spell chords, by place from the top

  double per_frame() const { return nll / static_cast<double>(frames); }
};

/// Piece by piece, so that the figure does not depend on a batch. `log_prob`, where given, gets the
/// log-probability of every frame of every piece.
MusicScores score_music(const MusicLm& model, std::span<const PianoRoll> pieces, int64_t style,
                        const MusicScoring& scoring, std::vector<std::vector<double>>* log_prob = nullptr);

}  // namespace conclave
