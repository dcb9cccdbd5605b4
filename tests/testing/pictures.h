/// Pictures made for tests.
#pragma once

#include <filesystem>
#include <opencv2/imgcodecs.hpp>

namespace conclave::testing {

/// A PNG of two colours that depend on `number`.
inline void write_picture(const std::filesystem::path& file, int number, int width = 24, int height = 24) {
  cv::Mat picture(height, width, CV_8UC3, cv::Scalar(37 * number % 256, 91 * number % 256, 200));
  picture(cv::Rect(width / 4, height / 4, width / 2, height / 2)) = cv::Scalar(10, 250, 53 * number % 256);
  cv::imwrite(file.string(), picture);
}

}  // namespace conclave::testing
