#include "models/ultrasound/canvas.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "framework/media/mat_tensor.h"

namespace conclave::ultrasound {
namespace {

// Most pictures are dark: about the mean and the spread of grey values.
constexpr double kMean = 0.25, kSpread = 0.25;

cv::Mat grey_mat(const Tensor& grey_HW) {
  return cv::Mat(static_cast<int>(grey_HW.size(0)), static_cast<int>(grey_HW.size(1)), CV_8UC1,
                 grey_HW.mutable_data_ptr<uint8_t>());
}

}  // namespace

Tensor grey_of(const Tensor& picture_HW3) {
  const Tensor picture = picture_HW3.contiguous();
  const Tensor grey = at::empty({picture.size(0), picture.size(1)}, at::kByte);
  cv::Mat out = grey_mat(grey);
  cv::cvtColor(mat_of(picture), out, cv::COLOR_RGB2GRAY);
  return grey;
}

Canvas fit_canvas(const Tensor& grey_hw, int64_t height, int64_t width) {
  const int64_t h = grey_hw.size(0), w = grey_hw.size(1);
  require(h > 0 && w > 0, "[ultrasound] an empty picture");
  const double scale = std::min(static_cast<double>(width) / static_cast<double>(w),
                                static_cast<double>(height) / static_cast<double>(h));
  Canvas canvas;
  canvas.picture_width = w;
  canvas.picture_height = h;
  canvas.width = std::clamp<int64_t>(std::llround(static_cast<double>(w) * scale), 1, width);
  canvas.height = std::clamp<int64_t>(std::llround(static_cast<double>(h) * scale), 1, height);
  canvas.left = (width - canvas.width) / 2;
  canvas.top = (height - canvas.height) / 2;
  canvas.grey_HW = at::zeros({height, width}, at::kByte);
  const Tensor grey = grey_hw.contiguous();
  cv::Mat part =
      grey_mat(canvas.grey_HW)(cv::Rect(static_cast<int>(canvas.left), static_cast<int>(canvas.top),
                                        static_cast<int>(canvas.width), static_cast<int>(canvas.height)));
  cv::resize(grey_mat(grey), part, part.size(), 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return canvas;
}

Tensor fit_mask(const Tensor& mask_hw, int64_t height, int64_t width) {
  return fit_canvas(mask_hw.ne(0).to(at::kByte).mul_(255), height, width).grey_HW;
}

Tensor to_picture(const Canvas& canvas, const Tensor& value_HW) {
  const Tensor part = value_HW.narrow(0, canvas.top, canvas.height).narrow(1, canvas.left, canvas.width);
  return at::upsample_bilinear2d(part.unsqueeze(0).unsqueeze(0),
                                 {canvas.picture_height, canvas.picture_width}, /*align_corners=*/false)
      .squeeze(0)
      .squeeze(0);
}

Tensor network_input(const Tensor& grey_NHW) {
  return grey_NHW.to(at::kFloat).div_(255).sub_(kMean).div_(kSpread).unsqueeze(1);
}

}  // namespace conclave::ultrasound
