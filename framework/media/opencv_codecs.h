/// What only OpenCV's imgcodecs reads or writes here. Debian's brings GDAL and a hundred libraries more,
/// which would take a fifth of the time that a program needs to start: so a library of its own holds it
/// (libconclave_pictures), loaded when it is first asked for.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct OpencvCodecs {
  /// WebP and TIFF as stored: RGB or RGBA of 8 bits or more. Throws DataError that names `name`.
  cv::Mat (*decode)(std::string_view bytes, const std::string& name);
  /// 8-bit RGB as the bytes of a PNG; `settings` are OpenCV's IMWRITE_PNG_*. Throws Error.
  std::vector<uint8_t> (*encode_png)(const cv::Mat& rgb, const std::vector<int>& settings);
};

/// Throws Error when the library is not where this one is.
const OpencvCodecs& opencv_codecs();

}  // namespace conclave
