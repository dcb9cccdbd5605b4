#include "framework/dicom/region.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace conclave::dicom {
namespace {

// PS3.3 C.8.5.5.1.15.
const char* unit_name(int code) {
  constexpr const char* kNames[] = {"none", "%",   "dB",    "cm",  "s",     "Hz",    "dB/s",
                                    "cm/s", "cm2", "cm2/s", "cm3", "cm3/s", "degree"};
  return code >= 0 && code < static_cast<int>(std::size(kNames)) ? kNames[code] : "unknown";
}

constexpr int kCm = 3;
// Scanners show 1 to 50 cm on some hundred pixels.
constexpr double kFinest = 0.0002, kCoarsest = 0.5;  // cm a pixel
// Two statements of one scale agree when they differ by less.
constexpr double kAgree = 0.01;

bool agree(double a, double b) {
  return std::abs(a - b) <= kAgree * std::max(std::abs(a), std::abs(b));
}

bool holds(const Region& region, PixelPoint point) {
  return point.x >= static_cast<double>(region.x0) && point.x <= static_cast<double>(region.x1) &&
         point.y >= static_cast<double>(region.y0) && point.y <= static_cast<double>(region.y1);
}

bool holds_all(const Region& region, const std::vector<PixelPoint>& points) {
  return std::all_of(points.begin(), points.end(), [&](PixelPoint point) { return holds(region, point); });
}

// Many writers give the first pixel behind a region as its end.
bool beyond_x(const Region& region, const Calibration& picture) {
  return region.x1 > picture.width;
}
bool beyond_y(const Region& region, const Calibration& picture) {
  return region.y1 > picture.height;
}

// The region reaches beyond the picture to the right and below: its pixels are not those of the calibration.
std::string resized(const Region& region, const Calibration& calibration) {
  if (!beyond_x(region, calibration) || !beyond_y(region, calibration)) return "";
  return fmt::format(
      "the region reaches to ({},{}) in a picture of {} x {}: the picture was resized after it was "
      "calibrated",
      region.x1, region.y1, calibration.width, calibration.height);
}

// PS3.3 C.8.5.5.1.1; 0: the file does not say.
const char* other_format(int code) {
  constexpr const char* kNames[] = {"", "", "M-mode", "a spectrum", "a wave form", "graphics"};
  return code >= 0 && code < static_cast<int>(std::size(kNames)) ? kNames[code] : "something unknown";
}

std::string contradiction(const Region& region, const Calibration& calibration) {
  if (!calibration.pixel_spacing) return "";
  const auto [down, across] = *calibration.pixel_spacing;
  if (agree(across, 10 * std::abs(region.delta_x)) && agree(down, 10 * std::abs(region.delta_y))) return "";
  return fmt::format(
      "the file contradicts itself: its region says {:.5g} x {:.5g} mm a pixel, its Pixel Spacing {:.5g} x "
      "{:.5g}",
      10 * std::abs(region.delta_x), 10 * std::abs(region.delta_y), across, down);
}

}  // namespace

std::string why_unusable(const Region& region, const Calibration& calibration) {
  if (region.x0 < 0 || region.y0 < 0 || region.x1 <= region.x0 || region.y1 <= region.y0)
    return fmt::format("the region ({},{})-({},{}) has no area", region.x0, region.y0, region.x1, region.y1);
  if (region.units_x != kCm || region.units_y != kCm)
    return fmt::format("the region's units are {} and {}, not cm", unit_name(region.units_x),
                       unit_name(region.units_y));
  for (const double delta : {region.delta_x, region.delta_y})
    if (!(std::abs(delta) >= kFinest && std::abs(delta) <= kCoarsest))
      return fmt::format("the region's scale of {:.6g} cm a pixel cannot be", delta);
  if (*other_format(region.spatial_format))
    return fmt::format("the region shows {}, not a 2D picture", other_format(region.spatial_format));
  if (const std::string why = resized(region, calibration); !why.empty()) return why;
  return contradiction(region, calibration);
}

Scale scale_at(const Calibration& calibration, const std::vector<PixelPoint>& points) {
  Scale scale;
  for (const auto& point : points)
    if (!(point.x >= 0 && point.y >= 0 && point.x <= static_cast<double>(calibration.width - 1) &&
          point.y <= static_cast<double>(calibration.height - 1))) {
      scale.reason = fmt::format("({:g},{:g}) lies outside the picture of {} x {}", point.x, point.y,
                                 calibration.width, calibration.height);
      return scale;
    }
  if (calibration.given_mm) {
    scale.mm = {*calibration.given_mm, *calibration.given_mm};
    scale.notes.push_back("the scale was given by the caller");
    return scale;
  }
  if (calibration.regions.empty()) {
    scale.reason = "the file has no region calibration";
    return scale;
  }
  // Then the pixels of every region are others.
  for (const Region& region : calibration.regions)
    if (scale.reason = resized(region, calibration); !scale.reason.empty()) return scale;
  std::string unusable;
  for (size_t i = 0; i < calibration.regions.size(); ++i) {
    const Region& region = calibration.regions[i];
    const std::string why = why_unusable(region, calibration);
    if (!holds_all(region, points)) {
      // A region of no area holds nothing, yet it is what should have calibrated this picture.
      if (!why.empty() && unusable.empty() && (region.x1 <= region.x0 || region.y1 <= region.y0))
        unusable = why;
      continue;
    }
    if (!why.empty()) {
      // Whatever another region says: here the file does not know its units.
      scale.mm.reset(), scale.region.reset();
      scale.reason = why;
      return scale;
    }
    const std::pair<double, double> mm = {10 * std::abs(region.delta_x), 10 * std::abs(region.delta_y)};
    if (scale.mm && !(agree(scale.mm->first, mm.first) && agree(scale.mm->second, mm.second))) {
      scale.reason = fmt::format(
          "the file contradicts itself: regions {} and {} overlap here with {:.5g} and {:.5g} mm a pixel",
          *scale.region, i, scale.mm->first, mm.first);
      scale.mm.reset(), scale.region.reset();
      return scale;
    }
    if (!scale.mm) scale.mm = mm, scale.region = i;
  }
  if (scale.mm) {
    const Region& region = calibration.regions[*scale.region];
    if (beyond_x(region, calibration) || beyond_y(region, calibration))
      scale.notes.push_back(
          "the region reaches beyond one edge of the picture, which is taken to have been cut there");
    return scale;
  }
  const auto lie_in = [&](PixelPoint point) {
    return std::any_of(calibration.regions.begin(), calibration.regions.end(),
                       [&](const Region& region) { return holds(region, point); });
  };
  if (std::all_of(points.begin(), points.end(), lie_in))
    scale.reason = "the ends do not lie in one region";
  else
    scale.reason = unusable.empty() ? "an end lies in no calibrated region" : unusable;
  return scale;
}

Length line_length(const Calibration& calibration, PixelPoint from, PixelPoint to) {
  const double across = to.x - from.x, down = to.y - from.y;
  Length length{std::hypot(across, down), std::nullopt, scale_at(calibration, {from, to})};
  if (length.scale.mm)
    length.mm = std::hypot(across * length.scale.mm->first, down * length.scale.mm->second);
  return length;
}

Json regions_json(const Calibration& calibration) {
  Json list = Json::array();
  for (const auto& region : calibration.regions) {
    const std::string why = why_unusable(region, calibration);
    Json row = {{"box", {region.x0, region.y0, region.x1, region.y1}},
                {"units", {unit_name(region.units_x), unit_name(region.units_y)}},
                {"delta", {region.delta_x, region.delta_y}},
                {"spatial_format", region.spatial_format},
                {"data_type", region.data_type},
                {"usable", why.empty()}};
    if (!why.empty()) row["reason"] = why;
    list.push_back(std::move(row));
  }
  return list;
}

}  // namespace conclave::dicom
