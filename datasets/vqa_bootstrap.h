/// Whether one score is above another by more than chance.
#pragma once

#include <cstdint>

#include "datasets/vqa_scores.h"

namespace conclave {

struct BootstrapDifference {
  double difference = 0;     ///< mean score of `ours` less that of `theirs`
  double low = 0, high = 0;  ///< its 95 % interval (percentiles)
  int64_t groups = 0;        ///< that were drawn from
};

/// Paired bootstrap over groups (a picture's questions, a statement's pictures), since the samples of a group
/// are not independent: groups are drawn with their samples, as many as there are (Efron 1979). Both scores
/// are of `set`. Throws UsageError unless `resamples` is at least 1.
BootstrapDifference bootstrap_difference(const VqaSet& set, const VqaScores& ours, const VqaScores& theirs,
                                         int64_t resamples, uint64_t seed);

}  // namespace conclave
