#include "framework/media/mat_tensor.h"

#include <ATen/ATen.h>

#include <cstring>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"

namespace conclave {

cv::Mat mat_of(const at::Tensor& picture_HW3) {
  const bool fits = picture_HW3.dim() == 3 && picture_HW3.size(2) == 3 && picture_HW3.numel() > 0 &&
                    picture_HW3.scalar_type() == at::kByte && picture_HW3.is_contiguous() &&
                    picture_HW3.device().is_cpu();
  require<Error>(fits, "a picture must be contiguous uint8 [H,W,3] on the CPU");
  return cv::Mat(static_cast<int>(picture_HW3.size(0)), static_cast<int>(picture_HW3.size(1)), CV_8UC3,
                 picture_HW3.data_ptr());
}

at::Tensor tensor_of(const cv::Mat& mat) {
  CV_Assert(mat.type() == CV_8UC3);
  at::Tensor picture_HW3 = at::empty({mat.rows, mat.cols, 3}, at::kByte);
  mat.copyTo(mat_of(picture_HW3));
  return picture_HW3;
}

cv::Mat on_background(const cv::Mat& rgba, const std::string& background) {
  const int back = background == "white" ? 255 : background == "grey" ? 128 : background == "black" ? 0 : -1;
  require<UsageError>(back >= 0, "background = '{}': allowed are white, black, grey", background);
  cv::Mat rgb(rgba.rows, rgba.cols, CV_8UC3);
  for (int y = 0; y < rgba.rows; ++y) {
    const auto* from = rgba.ptr<uchar>(y);
    auto* to = rgb.ptr<uchar>(y);
    for (int x = 0; x < rgba.cols; ++x, from += 4, to += 3)
      for (int c = 0; c < 3; ++c)
        to[c] = static_cast<uchar>((from[c] * from[3] + back * (255 - from[3]) + 127) / 255);
  }
  return rgb;
}

cv::Mat upright(const cv::Mat& mat, int orientation) {
  cv::Mat turned = mat, result;
  if (orientation >= 5) cv::transpose(mat, turned);  // 5 = transposed; 6, 7, 8 are flips of it
  switch (orientation) {
    case 2:
    case 6:
      cv::flip(turned, result, 1);
      return result;
    case 3:
    case 7:
      cv::flip(turned, result, -1);
      return result;
    case 4:
    case 8:
      cv::flip(turned, result, 0);
      return result;
    default:
      return turned;
  }
}

void check_picture_size(const PictureHeader& header, const PictureOptions& options, const std::string& name) {
  if (header.largest_plane > options.max_pixels)
    throw DataError(name, "",
                    fmt::format("a picture of {} x {} pixels: the limit is {} pixels (max_pixels)",
                                header.width, header.height, options.max_pixels));
}

}  // namespace conclave
