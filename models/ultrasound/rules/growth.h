/// Fetal head circumference to gestational age and to a growth percentile, by published formulas.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace conclave::ultrasound {

/// Two standard deviations of the age, from an age in weeks up.
struct AgeSpread {
  double from_weeks, two_sd_weeks;
};

/// Hadlock et al., Radiology 1984; 152: 497-501.
const std::vector<AgeSpread>& hadlock_spread();

struct GestationalAge {
  double weeks = 0, low = 0, high = 0;  ///< low .. high: two standard deviations
};

/// GA = 8.96 + 0.540 HC + 0.0003 HC^3, HC in cm (Hadlock 1984). Empty unless the age is within 12 to 42
/// weeks, which the formula was made for.
std::optional<GestationalAge> gestational_age(double head_circumference_mm);

/// Share of fetuses of this age, 0 .. 100, with a smaller head: normal with the mean and deviation of the
/// INTERGROWTH-21st standards (Papageorghiou et al., Lancet 2014; 384: 869-879). Empty outside 14 to 40
/// weeks.
std::optional<double> head_percentile(double head_circumference_mm, double weeks);

/// Mean and deviation in mm at an age in weeks.
std::pair<double, double> head_at(double weeks);

/// 20.43 -> "20w3d".
std::string weeks_text(double weeks);

}  // namespace conclave::ultrasound
