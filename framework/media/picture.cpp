#include "framework/media/picture.h"

#include <ATen/ATen.h>

#include <opencv2/core.hpp>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/codecs.h"
#include "framework/media/frames.h"
#include "framework/media/mat_tensor.h"
#include "framework/media/opencv_codecs.h"

namespace conclave {
namespace {

cv::Mat decode(std::string_view bytes, PictureFormat format, const std::string& name) {
  switch (format) {
    case PictureFormat::kJpeg:
      return decode_jpeg(bytes, name);
    case PictureFormat::kPng:
      return decode_png(bytes, name);
    default:
      return opencv_codecs().decode(bytes, name);
  }
}

cv::Mat to_8_bits(const cv::Mat& mat, const std::string& name) {
  if (mat.depth() == CV_8U) return mat;
  if (mat.depth() != CV_16U)
    throw DataError(name, "", "samples of 32 or 64 bits are not supported: 8 or 16 bits are wanted");
  cv::Mat narrow;
  mat.convertTo(narrow, CV_8U, 1 / 257.0);  // 65535 becomes 255
  return narrow;
}

}  // namespace

at::Tensor decode_picture(std::string_view bytes, const std::string& name, const PictureOptions& options) {
  if (bytes.size() > options.max_bytes)
    throw DataError(name, "",
                    fmt::format("{} bytes: the limit is {} (max_bytes)", bytes.size(), options.max_bytes));
  const PictureHeader header = read_picture_header(bytes, name);
  check_picture_size(header, options, name);
  if (header.format == PictureFormat::kGif) return decode_first_frame(bytes, name, options);
  if (header.format == PictureFormat::kWebp && header.animated)
    throw DataError(name, "", "an animated WebP is not supported: save it as GIF or video");
  cv::Mat rgb = to_8_bits(decode(bytes, header.format, name), name);
  if (rgb.channels() == 4) rgb = on_background(rgb, options.background);
  // The TIFF decoder has turned the picture already.
  return tensor_of(header.format == PictureFormat::kTiff ? rgb : upright(rgb, header.orientation));
}

at::Tensor load_picture(const std::filesystem::path& path, const PictureOptions& options) {
  return decode_picture(read_file(path, options.max_bytes), path.string(), options);
}

at::Tensor normalize_picture(const at::Tensor& picture_HW3, const std::array<double, 3>& mean,
                             const std::array<double, 3>& std) {
  const auto channels = [](const std::array<double, 3>& v) {
    return at::tensor(at::ArrayRef<double>(v.data(), 3), at::kFloat).view({3, 1, 1});
  };
  const at::Tensor x_3HW = picture_HW3.permute({2, 0, 1}).to(at::kFloat).div_(255);
  return x_3HW.sub(channels(mean)).div_(channels(std)).contiguous();
}

}  // namespace conclave
