/// Evaluation by several learners side by side, whose spread tells how much chance is in a figure (Bifet et
/// al., 2015).
#pragma once

#include <functional>

#include "models/stream/eval/metrics.h"
#include "models/stream/eval/regression_metrics.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

enum class FoldScheme : uint8_t {
  cross,     ///< a row tests one learner and trains the others
  split,     ///< a row trains one learner and tests the others
  bootstrap  ///< a row tests all and trains each Poisson(1) times
};

struct FoldOptions {
  FoldScheme scheme = FoldScheme::cross;
  int64_t rows = 0;  ///< to stop after; 0: at the end
  uint64_t seed = 0;
  int threads = 1;  ///< changes nothing but the time
  /// Called now and then with the rows so far; false stops.
  std::function<bool(int64_t)> on_progress = {};
};

/// Of one learner: of a regression the numbers, otherwise the classes.
struct FoldEvaluation {
  Prequential classes;
  RegressionMetrics numbers;
  int64_t rows() const { return classes.rows() + numbers.rows(); }
};

/// The evaluation of each learner; all begin where they are.
std::vector<FoldEvaluation> run_folds(Source& source, std::vector<LearnerPtr>& learners,
                                      const FoldOptions& options);

}  // namespace conclave::stream
