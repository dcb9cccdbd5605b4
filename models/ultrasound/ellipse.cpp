#include "models/ultrasound/ellipse.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "models/ultrasound/circumference.h"
#include "models/ultrasound/reading.h"

namespace conclave::ultrasound {
namespace {

constexpr size_t kLeastPoints = 5;

cv::Mat mat_of_bytes(const Tensor& bytes_HW) {
  return cv::Mat(static_cast<int>(bytes_HW.size(0)), static_cast<int>(bytes_HW.size(1)), CV_8UC1,
                 bytes_HW.mutable_data_ptr<uint8_t>());
}

std::optional<Ellipse> fit(const std::vector<cv::Point2f>& points) {
  if (points.size() < kLeastPoints) return std::nullopt;
  const cv::RotatedRect box = cv::fitEllipseDirect(points);
  Ellipse ellipse{{box.center.x, box.center.y},
                  box.size.width / 2.0,
                  box.size.height / 2.0,
                  box.angle * std::numbers::pi / 180};
  if (ellipse.long_half < ellipse.short_half) {
    std::swap(ellipse.long_half, ellipse.short_half);
    ellipse.angle += std::numbers::pi / 2;
  }
  ellipse.angle = std::remainder(ellipse.angle, std::numbers::pi);
  const bool sound = std::isfinite(ellipse.center.x) && std::isfinite(ellipse.center.y) &&
                     std::isfinite(ellipse.long_half) && ellipse.short_half > 0;
  return sound ? std::optional(ellipse) : std::nullopt;
}

}  // namespace

std::optional<Ellipse> ellipse_through(const Tensor& contour_HW) {
  const Tensor bytes = contour_HW.ne(0).to(at::kByte).contiguous();
  std::vector<cv::Point> drawn;
  cv::findNonZero(mat_of_bytes(bytes), drawn);
  if (3 * static_cast<int64_t>(drawn.size()) > bytes.numel()) return std::nullopt;
  return fit({drawn.begin(), drawn.end()});
}

std::optional<Ellipse> ellipse_around(const Tensor& mask_HW) {
  const Tensor part = largest_part(mask_HW);
  const cv::Mat mat = mat_of_bytes(part);
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(mat, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
  std::vector<cv::Point2f> points;
  if (!outlines.empty()) {
    for (const auto& p : outlines.front())
      if (p.x > 0 && p.y > 0 && p.x < mat.cols - 1 && p.y < mat.rows - 1)
        points.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
  }
  return fit(points);
}

Tensor ellipse_mask(const Ellipse& e, int64_t height, int64_t width) {
  const Tensor y_H1 = at::arange(height, at::kDouble).sub_(e.center.y).unsqueeze(1);
  const Tensor x_W = at::arange(width, at::kDouble).sub_(e.center.x);
  const double c = std::cos(e.angle), s = std::sin(e.angle);
  const Tensor along = (x_W * c + y_H1 * s) / e.long_half;
  const Tensor across = (y_H1 * c - x_W * s) / e.short_half;
  return (along.square() + across.square()).le(1).to(at::kByte);
}

double circumference(const Ellipse& e) {
  return circumference(e.long_half, e.short_half);
}

}  // namespace conclave::ultrasound
