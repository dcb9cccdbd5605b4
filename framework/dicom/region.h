/// Calibration of ultrasound pictures (Sequence of Ultrasound Regions, 0018,6011): a length is in millimetres
/// only where that is certain, else there is a reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave::dicom {

/// One calibrated part of a picture, as the file has it (PS3.3 C.8.5.5).
struct Region {
  int64_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< pixels, both ends belong to it
  int units_x = 0, units_y = 0;            ///< 3: cm, 4: seconds, 7: cm/s, ...
  double delta_x = 0, delta_y = 0;         ///< units a pixel
  int spatial_format = 0;                  ///< 1: 2D, 2: M-mode, 3: spectral, ...
  int data_type = 0;                       ///< 1: tissue, 2: colour flow, ...
};

struct Calibration {
  int64_t width = 0, height = 0;  ///< of the picture
  std::vector<Region> regions;
  /// Pixel Spacing (0028,0030) in mm, vertical and horizontal, where the file has it; only compared with.
  std::optional<std::pair<double, double>> pixel_spacing;
  /// Given by the caller for a picture without a calibration of its own.
  std::optional<double> given_mm;
};

struct PixelPoint {
  double x = 0, y = 0;
};

/// Millimetres a pixel, or why there are none.
struct Scale {
  std::optional<std::pair<double, double>> mm;  ///< along x and y
  std::string reason;                           ///< empty when there are
  std::optional<size_t> region;                 ///< whose they are
  std::vector<std::string> notes;               ///< doubts that do not change the value
};

/// The scale that holds at all of `points`: they must lie in the picture and in one region whose units are cm
/// along x and y, that is plausible, and that nothing in the file contradicts.
Scale scale_at(const Calibration& calibration, const std::vector<PixelPoint>& points);

struct Length {
  double pixels = 0;
  std::optional<double> mm;
  Scale scale;
};

Length line_length(const Calibration& calibration, PixelPoint from, PixelPoint to);

/// Why a region gives no lengths; empty when it does.
std::string why_unusable(const Region& region, const Calibration& calibration);

/// {"box": [x0,y0,x1,y1], "units": ["cm","cm"], "delta": [..], "usable", "reason"} for each region.
Json regions_json(const Calibration& calibration);

}  // namespace conclave::dicom
