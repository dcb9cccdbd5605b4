#include "models/ultrasound/report/ellipse_length.h"

#include <algorithm>
#include <cmath>

#include "models/ultrasound/circumference.h"

namespace conclave::ultrasound {
namespace {

// The corners of the upright box around an ellipse: all of it must be calibrated.
std::vector<dicom::PixelPoint> corners(const Ellipse& ellipse) {
  const double c = std::cos(ellipse.angle), s = std::sin(ellipse.angle);
  const double across = std::hypot(ellipse.long_half * c, ellipse.short_half * s);
  const double down = std::hypot(ellipse.long_half * s, ellipse.short_half * c);
  const auto& [x, y] = ellipse.center;
  return {{x - across, y - down}, {x + across, y - down}, {x - across, y + down}, {x + across, y + down}};
}

// Half axes of an ellipse whose x and y are scaled unlike: the singular values of scale * axes.
std::pair<double, double> scaled_axes(const Ellipse& ellipse, double mm_x, double mm_y) {
  const double c = std::cos(ellipse.angle), s = std::sin(ellipse.angle);
  const double a = mm_x * c * ellipse.long_half, b = -mm_x * s * ellipse.short_half;
  const double d = mm_y * s * ellipse.long_half, e = mm_y * c * ellipse.short_half;
  const double sum = a * a + b * b + d * d + e * e, product = std::abs(a * e - b * d);
  const double root = std::sqrt(std::max(0.0, sum * sum - 4 * product * product));
  return {std::sqrt((sum + root) / 2), std::sqrt(std::max(0.0, (sum - root) / 2))};
}

}  // namespace

EllipseLength ellipse_length(const dicom::Calibration& calibration, const Ellipse& ellipse) {
  EllipseLength length;
  length.pixels = circumference(ellipse.long_half, ellipse.short_half);
  length.scale = dicom::scale_at(calibration, corners(ellipse));
  if (length.scale.mm) {
    const auto [a, b] = scaled_axes(ellipse, length.scale.mm->first, length.scale.mm->second);
    length.half_axes_mm = {a, b};
    length.mm = circumference(a, b);
  }
  return length;
}

}  // namespace conclave::ultrasound
