/// The length of an ellipse's line, in millimetres where the file is sure of all of it.
#pragma once

#include <utility>

#include "framework/dicom/region.h"
#include "models/ultrasound/findings.h"

namespace conclave::ultrasound {

struct EllipseLength {
  double pixels = 0;         ///< circumference
  std::optional<double> mm;  ///< circumference; nothing when `scale` says why
  std::optional<std::pair<double, double>> half_axes_mm;
  dicom::Scale scale;
};

/// The box around the ellipse must lie in one calibrated region, whose x and
/// y may be scaled unlike.
EllipseLength ellipse_length(const dicom::Calibration& calibration, const Ellipse& ellipse);

}  // namespace conclave::ultrasound
