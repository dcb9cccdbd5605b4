#include "framework/media/picture.h"

#include <ATen/ATen.h>

#include <iostream>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/codecs.h"
#include "framework/media/frames.h"
#include "framework/media/mat_tensor.h"

namespace conclave {
namespace {

/// OpenCV tells its errors to std::cerr too, which nobody else here writes to.
class QuietCerr {
 public:
  QuietCerr() : lock_(mutex()), kept_(std::cerr.rdbuf(nullptr)) {}
  ~QuietCerr() { std::cerr.rdbuf(kept_); }  // which also clears the stream's state
  QuietCerr(const QuietCerr&) = delete;
  QuietCerr& operator=(const QuietCerr&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  const std::lock_guard<std::mutex> lock_;
  std::streambuf* const kept_;
};

/// WebP and TIFF, as stored: 8 or 16 bits, RGB or RGBA.
cv::Mat decode_by_opencv(std::string_view bytes, const std::string& name) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);  // what goes wrong is thrown
  const cv::Mat raw(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
  cv::Mat mat;
  std::string why = "its data are broken";
  try {
    const QuietCerr quiet;
    mat = cv::imdecode(raw, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& e) {
    why = e.err;
  }
  if (mat.empty()) throw DataError(name, "", fmt::format("the picture cannot be decoded: {}", why));
  cv::Mat rgb;
  switch (mat.channels()) {
    case 1:
      cv::cvtColor(mat, rgb, cv::COLOR_GRAY2RGB);
      return rgb;
    case 3:
      cv::cvtColor(mat, rgb, cv::COLOR_BGR2RGB);
      return rgb;
    case 4:
      cv::cvtColor(mat, rgb, cv::COLOR_BGRA2RGBA);
      return rgb;
    default:
      throw DataError(name, "", fmt::format("{} channels: 1, 3 or 4 are wanted", mat.channels()));
  }
}

cv::Mat decode(std::string_view bytes, PictureFormat format, const std::string& name) {
  switch (format) {
    case PictureFormat::kJpeg:
      return decode_jpeg(bytes, name);
    case PictureFormat::kPng:
      return decode_png(bytes, name);
    default:
      return decode_by_opencv(bytes, name);
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
