#include "framework/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/base/error.h"

namespace conclave {

double Schedule::at(int64_t step) const {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (kind == ScheduleKind::constant) return peak;
  const double length = static_cast<double>(std::max<int64_t>(1, steps - warmup));
  const double progress = std::min(1.0, static_cast<double>(step - warmup) / length);
  const double fall =
      kind == ScheduleKind::linear ? 1 - progress : (1 + std::cos(std::numbers::pi * progress)) / 2;
  return peak * (final_ratio + (1 - final_ratio) * fall);
}

ScheduleKind parse_schedule(const std::string& name, const std::string& key) {
  if (name == "constant") return ScheduleKind::constant;
  if (name == "linear") return ScheduleKind::linear;
  if (name == "cosine") return ScheduleKind::cosine;
  throw UsageError(fmt::format("{} = \"{}\": must be one of constant, linear, cosine", key, name));
}

}  // namespace conclave
