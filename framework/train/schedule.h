/// Learning rate by step.
#pragma once

#include <cstdint>
#include <string>

namespace conclave {

enum class ScheduleKind { constant, linear, cosine };

/// Linear warm-up from 0, then constant, a straight line or half a cosine down to `final_ratio` of the peak
/// at step `steps` (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
struct Schedule {
  ScheduleKind kind = ScheduleKind::cosine;
  double peak = 1e-3;
  int64_t warmup = 0;  ///< steps
  int64_t steps = 0;   ///< where the fall ends; unused by constant
  double final_ratio = 0;

  /// Rate of update `step`, counted from 0: peak · (step+1)/warmup while warming up.
  double at(int64_t step) const;
};

/// "constant", "linear" or "cosine". Throws UsageError that names `key`.
ScheduleKind parse_schedule(const std::string& name, const std::string& key);

}  // namespace conclave
