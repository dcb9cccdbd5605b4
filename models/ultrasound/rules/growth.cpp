#include "models/ultrasound/rules/growth.h"

#include <fmt/format.h>

#include <cmath>

namespace conclave::ultrasound {

const std::vector<AgeSpread>& hadlock_spread() {
  static const std::vector<AgeSpread> spread = {{12, 1.19}, {18, 1.48}, {24, 2.06}, {30, 2.98}, {36, 2.70}};
  return spread;
}

std::optional<GestationalAge> gestational_age(double head_circumference_mm) {
  const double cm = head_circumference_mm / 10;
  const double weeks = 8.96 + 0.540 * cm + 0.0003 * cm * cm * cm;
  if (!(weeks >= 12 && weeks <= 42)) return std::nullopt;
  double two_sd = 0;
  for (const auto& row : hadlock_spread())
    if (weeks >= row.from_weeks) two_sd = row.two_sd_weeks;
  return GestationalAge{weeks, weeks - two_sd, weeks + two_sd};
}

std::pair<double, double> head_at(double weeks) {
  const double log = std::log(weeks), square = weeks * weeks, cube = square * weeks;
  return {-28.2849 + 1.69267 * square - 0.397485 * square * log,
          1.98735 + 0.0136772 * cube - 0.00726264 * cube * log + 0.000976253 * cube * log * log};
}

std::optional<double> head_percentile(double head_circumference_mm, double weeks) {
  if (!(weeks >= 14 && weeks <= 40) || !(head_circumference_mm > 0)) return std::nullopt;
  const auto [mean, deviation] = head_at(weeks);
  return 50 * std::erfc(-(head_circumference_mm - mean) / deviation / std::sqrt(2.0));
}

std::string weeks_text(double weeks) {
  const auto days = static_cast<int>(std::lround(weeks * 7));
  return fmt::format("{}w{}d", days / 7, days % 7);
}

}  // namespace conclave::ultrasound
