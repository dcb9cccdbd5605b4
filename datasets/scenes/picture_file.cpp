#include "datasets/scenes/picture_file.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "datasets/scenes/render.h"
#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave::scenes {
namespace fs = std::filesystem;

std::vector<uint8_t> read_picture(const fs::path& path) {
  const std::string bytes = read_file(path, size_t{1} << 24);
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  const cv::Mat picture = cv::imdecode(encoded, cv::IMREAD_COLOR);
  if (picture.cols != kPictureWidth || picture.rows != kPictureHeight)
    throw DataError(path.string(), "",
                    fmt::format("{} x {} pixels, a scene has 400 x 100", picture.cols, picture.rows));
  cv::Mat rgb;
  cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
  return {rgb.data, rgb.data + kPictureBytes};
}

void write_picture(const fs::path& path, std::span<const uint8_t> rgb) {
  require(rgb.size() == kPictureBytes, "write_picture: {} bytes are no picture of 400 x 100", rgb.size());
  const cv::Mat picture(kPictureHeight, kPictureWidth, CV_8UC3, const_cast<uint8_t*>(rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
  // Not write_file: syncing each of many thousand pictures would take longer than making them.
  require(
      cv::imwrite(path.string(), bgr,
                  {cv::IMWRITE_PNG_COMPRESSION, 1, cv::IMWRITE_PNG_STRATEGY, cv::IMWRITE_PNG_STRATEGY_RLE}),
      "{}: the picture cannot be written", path.string());
}

}  // namespace conclave::scenes
