/// Training a MusicLm on pieces, moved to other keys.
#pragma once

#include <functional>
#include <utility>

#include "framework/moe/loss.h"
#include "framework/moe/step_counts.h"
#include "framework/moe/trace.h"
#include "framework/train/train_task.h"
#include "models/audio/music/music_lm.h"

namespace conclave {

/// Pieces of one style and their part in the mixture.
struct MusicShare {
  std::vector<PianoRoll> pieces;
  int64_t style = 0;
  double weight = 1;
};

struct MusicTaskOptions {
  int transpose = 6;         ///< semitones either way at most
  int64_t window = 256;      ///< frames of a longer piece that are read at once
  double whole = 0.3;        ///< share of longer pieces that are read from their beginning
  double independent = 0.1;  ///< weight of the loss of the independent keys
  bool factored = true;      ///< whether the chords' loss is taken
  double anneal = 1;         ///< the auxiliary losses fall to this share of their weights, step by step
  int64_t steps = 1;         ///< of the whole training
};

class MusicTask : public TrainTask {
 public:
  /// `model` outlives the task. Throws UsageError for no pieces.
  MusicTask(MusicLm& model, std::vector<MusicShare> shares, std::vector<Ptr<Loss>> losses,
            const MusicTaskOptions& options);

  Module& model() override { return model_; }
  /// Endless: pieces are drawn by the random stream of the micro-batch.
  int64_t items() const override { return 0; }
  /// As many pieces of about the same length as the micro-batch has items; mean over their frames.
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override { return evaluation ? evaluation() : Metrics{}; }
  void after_step(int64_t step) override;
  /// Where the tokens of all training passes since the last call went.
  Trace take_trace() { return std::exchange(trace_, {}); }

  std::function<Metrics()> evaluation;

 private:
  struct Piece {
    const PianoRoll* roll = nullptr;
    int lowest = kHighestKey, highest = kLowestKey;
  };
  struct Pool {
    std::vector<Piece> pieces;       // by length
    std::vector<int64_t> frames_to;  // running sum of the frames that one reading takes
    int64_t style = 0;
    double weight = 1;
  };
  const Pool& choose(Random& random) const;
  std::vector<Chord> excerpt(const Piece& piece, int64_t length, Random& random) const;

  MusicLm& model_;
  std::vector<MusicShare> shares_;
  std::vector<Pool> pools_;
  std::vector<Ptr<Loss>> losses_;
  MusicTaskOptions options_;
  StepCounts counts_;
  Trace trace_;
};

}  // namespace conclave
