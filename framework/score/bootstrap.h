/// How far a figure may be from the truth, when its samples come in groups.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace conclave {

struct Interval {
  double low = 0, high = 0;  ///< 95 %, percentiles
  int64_t groups = 0;        ///< that were drawn from
};

/// Draws whole groups (patients), as many as there are, with replacement (Efron, 1979). `group` names the
/// group of each sample; `figure` gets the drawn samples' places, and resamples whose figure is not finite
/// (an AUC without positives) are left out. Throws UsageError unless `resamples` is at least 1.
Interval bootstrap_interval(const std::vector<std::string>& group,
                            const std::function<double(const std::vector<size_t>&)>& figure,
                            int64_t resamples, uint64_t seed);

}  // namespace conclave
