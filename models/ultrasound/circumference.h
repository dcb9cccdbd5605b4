/// The length of an ellipse's line. In a header alone: both the library of the models and that of the reports
/// use it.
#pragma once

#include <cmath>
#include <numbers>

namespace conclave::ultrasound {

/// Ramanujan's second formula (1914), of half axes in any unit.
inline double circumference(double a, double b) {
  if (a + b <= 0) return 0;
  const double h = (a - b) * (a - b) / ((a + b) * (a + b));
  return std::numbers::pi * (a + b) * (1 + 3 * h / (10 + std::sqrt(4 - 3 * h)));
}

}  // namespace conclave::ultrasound
