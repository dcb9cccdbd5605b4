// libconclave_pictures: see framework/media/opencv_codecs.h.
#include <fmt/format.h>

#include <iostream>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "framework/media/opencv_codecs.h"

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

std::vector<uint8_t> encode_png_by_opencv(const cv::Mat& rgb, const std::vector<int>& settings) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> png;
  require(cv::imencode(".png", bgr, png, settings), "a picture of {} x {} cannot be encoded", rgb.cols,
          rgb.rows);
  return png;
}

}  // namespace
}  // namespace conclave

extern "C" const conclave::OpencvCodecs conclave_opencv_codecs;
const conclave::OpencvCodecs conclave_opencv_codecs = {conclave::decode_by_opencv,
                                                       conclave::encode_png_by_opencv};
