/// A learner going over a stream: test each row, then train on it.
#pragma once

#include <deque>
#include <functional>

#include "models/stream/eval/metrics.h"
#include "models/stream/eval/regression_metrics.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

struct RunOptions {
  int64_t rows = 0;       ///< to stop after; 0: at the end of the stream
  size_t block = 256;     ///< rows at a time; changes the speed alone
  int64_t every = 10000;  ///< rows between two calls of on_progress
  // When labels arrive. Predictions are made when the row comes.
  int64_t delay = 0;   ///< rows until a label arrives
  int64_t spread = 0;  ///< each row's delay is drawn from delay - spread to delay + spread
  int64_t chunk = 0;   ///< labels of so many rows arrive together, at their end; 0: each by itself
  double labels = 1;   ///< share of the labels that arrive at all; all of them count in the evaluation
  int64_t warm = 0;    ///< rows at the beginning whose labels all arrive
  uint64_t seed = 0;   ///< of what is drawn
};

/// Where a run stands.
struct RunState {
  /// A row whose label has not arrived.
  struct Waiting {
    std::vector<double> x;
    double y;     ///< NaN when unlabelled
    int64_t due;  ///< the row after which it arrives
    void fields(Archive& archive) { archive(x, y, due); }
  };
  int64_t rows = 0;  ///< read so far
  Prequential evaluation;
  RegressionMetrics regression;  ///< in its place, for numbers
  std::deque<Waiting> waiting;   ///< by due
  void fields(Archive& archive);
};

struct RunHooks {
  /// Called every `every` rows and at the end; false stops.
  std::function<bool(const RunState&)> on_progress;
  /// Called with each block and its votes [size, classes].
  std::function<void(const RowBlock&, const double*)> on_votes;
};

/// Goes on from `state` to the end of the stream.
void run_prequential(Source& source, Learner& learner, const RunOptions& options, RunState& state,
                     const RunHooks& hooks = {});

}  // namespace conclave::stream
