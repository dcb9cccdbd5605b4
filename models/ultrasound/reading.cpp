#include "models/ultrasound/reading.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "framework/moe/routing_log.h"
#include "models/ultrasound/canvas.h"

namespace conclave::ultrasound {
namespace {

cv::Mat mat_of_mask(const Tensor& mask_HW) {
  const Tensor bytes = mask_HW.ne(0).to(at::kByte).contiguous();
  return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC1,
                 bytes.mutable_data_ptr<uint8_t>())
      .clone();
}

// Distances from the border pixels of `from` to those of `to`.
void add_distances(const cv::Mat& from, const cv::Mat& to, std::vector<float>& all) {
  const auto border = [](const cv::Mat& mask) {
    cv::Mat inner;
    cv::erode(mask, inner, cv::getStructuringElement(cv::MORPH_CROSS, {3, 3}), {-1, -1}, 1,
              cv::BORDER_CONSTANT, cv::Scalar(0));
    return cv::Mat(mask - inner);
  };
  cv::Mat distance;
  cv::distanceTransform(border(to) == 0, distance, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  const cv::Mat here = border(from);
  for (int y = 0; y < here.rows; ++y)
    for (int x = 0; x < here.cols; ++x)
      if (here.at<uint8_t>(y, x)) all.push_back(distance.at<float>(y, x));
}

}  // namespace

Reading read_pictures(ReaderModel& model, const Tensor& grey_NHW, int64_t task, RoutingLog* log) {
  const at::NoGradGuard no_grad;
  TokenContext context;
  context.log = log;
  return model.forward(network_input(grey_NHW), task, context);
}

std::vector<double> values_of(const Tensor& values) {
  const Tensor row = values.to(at::kDouble).contiguous();
  return {row.const_data_ptr<double>(), row.const_data_ptr<double>() + row.numel()};
}

double dice_of(const Tensor& a_HW, const Tensor& b_HW) {
  const Tensor a = a_HW.ne(0), b = b_HW.ne(0);
  const auto both = static_cast<double>(a.logical_and(b).sum().item<int64_t>());
  const auto sum = static_cast<double>(a.sum().item<int64_t>() + b.sum().item<int64_t>());
  return sum > 0 ? 2 * both / sum : 1;
}

double generalised_energy_distance(const std::vector<Tensor>& samples_HW,
                                   const std::vector<Tensor>& raters_HW) {
  const auto mean_apart = [](const std::vector<Tensor>& some, const std::vector<Tensor>& others) {
    double sum = 0;
    for (const auto& a : some)
      for (const auto& b : others) {
        const double dice = dice_of(a, b);
        sum += 1 - dice / (2 - dice);
      }
    return sum / static_cast<double>(some.size() * others.size());
  };
  return 2 * mean_apart(samples_HW, raters_HW) - mean_apart(samples_HW, samples_HW) -
         mean_apart(raters_HW, raters_HW);
}

Tensor largest_part(const Tensor& mask_HW) {
  const cv::Mat mask = mat_of_mask(mask_HW);
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(mask, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
  const Tensor part = at::zeros(mask_HW.sizes(), at::kByte);
  if (outlines.empty()) return part;
  const auto largest = std::ranges::max_element(outlines, {}, [](const auto& outline) {
    return cv::contourArea(outline) + 0.001 * static_cast<double>(outline.size());
  });
  cv::Mat out(mask.rows, mask.cols, CV_8UC1, part.mutable_data_ptr<uint8_t>());
  cv::drawContours(out, outlines, static_cast<int>(largest - outlines.begin()), cv::Scalar(1), cv::FILLED);
  return part;
}

double hausdorff95(const Tensor& a_HW, const Tensor& b_HW) {
  const cv::Mat a = mat_of_mask(a_HW), b = mat_of_mask(b_HW);
  std::vector<float> distances;
  if (cv::countNonZero(a) == 0 || cv::countNonZero(b) == 0) return std::numeric_limits<double>::quiet_NaN();
  add_distances(a, b, distances);
  add_distances(b, a, distances);
  const auto place = static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(distances.size() - 1) + 0.5);
  std::ranges::nth_element(distances, distances.begin() + place);
  return distances[static_cast<size_t>(place)];
}

}  // namespace conclave::ultrasound
