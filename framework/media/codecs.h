/// JPEG and PNG through their own libraries: unlike OpenCV's reading, a warning of theirs comes here, with
/// the name of the file, and data that end early are an error. Kept out of the public headers.
#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <string_view>

namespace conclave {

/// 8-bit RGB. Throws DataError for data that are broken or fewer than the header promises; logs what else the
/// library has to say.
cv::Mat decode_jpeg(std::string_view bytes, const std::string& name);

/// RGB or RGBA of 8 or 16 bits. As above.
cv::Mat decode_png(std::string_view bytes, const std::string& name);

}  // namespace conclave
