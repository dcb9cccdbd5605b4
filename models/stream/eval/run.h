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
  int64_t delay = 0;      ///< rows until a label arrives; predictions are made when the row comes
};

/// Where a run stands.
struct RunState {
  /// A row whose label has not arrived.
  struct Waiting {
    std::vector<double> x;
    double y;  // NaN when unlabelled
    void fields(Archive& archive) { archive(x, y); }
  };
  int64_t rows = 0;  ///< read so far
  Prequential evaluation;
  RegressionMetrics regression;  ///< in its place, for numbers
  std::deque<Waiting> waiting;
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
