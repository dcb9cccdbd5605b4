#include "datasets/scenes/picture_file.h"

#include <ATen/ATen.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "datasets/scenes/render.h"
#include "framework/base/error.h"
#include "framework/media/opencv_codecs.h"
#include "framework/media/picture.h"

namespace conclave::scenes {
namespace fs = std::filesystem;

std::vector<uint8_t> read_picture(const fs::path& path) {
  const at::Tensor picture_HW3 = load_picture(path, {.max_pixels = 1'000'000, .max_bytes = size_t{16} << 20});
  if (picture_HW3.size(0) != kPictureHeight || picture_HW3.size(1) != kPictureWidth)
    throw DataError(
        path.string(), "",
        fmt::format("{} x {} pixels, a scene has 400 x 100", picture_HW3.size(1), picture_HW3.size(0)));
  const at::Tensor rows = picture_HW3.contiguous();
  return {rows.const_data_ptr<uint8_t>(), rows.const_data_ptr<uint8_t>() + kPictureBytes};
}

void write_picture(const fs::path& path, std::span<const uint8_t> rgb) {
  require(rgb.size() == kPictureBytes, "write_picture: {} bytes are no picture of 400 x 100", rgb.size());
  const cv::Mat picture(kPictureHeight, kPictureWidth, CV_8UC3, const_cast<uint8_t*>(rgb.data()));
  const auto png = opencv_codecs().encode_png(
      picture, {cv::IMWRITE_PNG_COMPRESSION, 1, cv::IMWRITE_PNG_STRATEGY, cv::IMWRITE_PNG_STRATEGY_RLE});
  // Not write_file: syncing each of many thousand pictures would take longer than making them.
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
  require(file.flush().good(), "{}: the picture cannot be written", path.string());
}

}  // namespace conclave::scenes
