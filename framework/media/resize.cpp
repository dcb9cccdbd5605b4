#include "framework/media/resize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "framework/media/mat_tensor.h"

namespace conclave {
namespace {

using Tile = ResizeRecord::Tile;

int enlarging_filter(const std::string& name) {
  if (name == "bicubic") return cv::INTER_CUBIC;
  if (name == "bilinear") return cv::INTER_LINEAR;
  require<UsageError>(name == "nearest", "filter = '{}': allowed are bicubic, bilinear, nearest", name);
  return cv::INTER_NEAREST;
}

/// Shrinks first, by area, along the sides that shrink, then enlarges the others.
cv::Mat scaled(const cv::Mat& mat, int width, int height, int filter) {
  cv::Mat result = mat;
  if (filter != cv::INTER_NEAREST) {
    const cv::Size smaller(std::min(mat.cols, width), std::min(mat.rows, height));
    if (smaller != mat.size()) cv::resize(mat, result, smaller, 0, 0, cv::INTER_AREA);
  }
  const cv::Size wanted(width, height);
  if (result.size() == wanted) return result;
  cv::Mat enlarged;
  cv::resize(result, enlarged, wanted, 0, 0, filter);
  return enlarged;
}

/// `count` squares along the long side, the first at its beginning and the last at its end; one is in the
/// middle.
std::vector<Tile> squares(int64_t width, int64_t height, int64_t count) {
  const int64_t side = std::min(width, height), room = std::max(width, height) - side;
  std::vector<Tile> tiles;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = count == 1 ? room / 2 : (2 * i * room + count - 1) / (2 * (count - 1));  // rounded
    tiles.push_back(width >= height ? Tile{at, 0, side, side} : Tile{0, at, side, side});
  }
  return tiles;
}

std::vector<Tile> tiles_of(int64_t width, int64_t height, const ResizeOptions& options) {
  if (options.policy == "stretch" || options.policy == "pad") return {{0, 0, width, height}};
  if (options.policy == "crop") return squares(width, height, 1);
  require<UsageError>(options.policy == "tiles", "policy = '{}': allowed are stretch, pad, crop, tiles",
                      options.policy);
  const int64_t side = std::min(width, height), covering = (std::max(width, height) + side - 1) / side;
  return squares(width, height, std::min(options.max_tiles, covering));
}

}  // namespace

Json ResizeRecord::to_json() const {
  Json list = Json::array();
  for (const auto& tile : tiles) list.push_back({tile.x, tile.y, tile.width, tile.height});
  return {{"policy", policy},
          {"input_size", {input_width, input_height}},
          {"resized_to", {resized_width, resized_height}},
          {"tiles", list}};
}

int64_t tile_count(int64_t width, int64_t height, const ResizeOptions& options) {
  return static_cast<int64_t>(tiles_of(width, height, options).size());
}

ResizedPicture resize_picture(const at::Tensor& picture_HW3, const ResizeOptions& options) {
  require<UsageError>(options.size >= 1 && options.size <= 16384, "size = {}: allowed are 1 to 16384",
                      options.size);
  require<UsageError>(options.max_tiles >= 1 && options.max_tiles <= 1024,
                      "max_tiles = {}: allowed are 1 to 1024", options.max_tiles);
  require<UsageError>(
      options.pad_color.size() == 3 &&
          std::ranges::all_of(options.pad_color, [](int64_t c) { return c >= 0 && c <= 255; }),
      "pad_color: three numbers from 0 to 255 are wanted");
  const int filter = enlarging_filter(options.filter);
  const auto size = static_cast<int>(options.size);
  const cv::Mat picture = mat_of(picture_HW3);
  ResizedPicture result;
  auto& record = result.record;
  record.policy = options.policy;
  record.input_width = picture.cols;
  record.input_height = picture.rows;
  record.tiles = tiles_of(picture.cols, picture.rows, options);
  int width = size, height = size;
  if (options.policy == "pad") {
    const double scale = static_cast<double>(size) / std::max(picture.cols, picture.rows);
    width = std::max(1, static_cast<int>(std::lround(picture.cols * scale)));
    height = std::max(1, static_cast<int>(std::lround(picture.rows * scale)));
  }
  record.resized_width = width;
  record.resized_height = height;
  for (const auto& tile : record.tiles) {
    const cv::Rect part(static_cast<int>(tile.x), static_cast<int>(tile.y), static_cast<int>(tile.width),
                        static_cast<int>(tile.height));
    cv::Mat square = scaled(picture(part), width, height, filter);
    if (width != size || height != size) {
      const auto& color = options.pad_color;
      cv::Mat padded(size, size, CV_8UC3,
                     cv::Scalar(static_cast<double>(color[0]), static_cast<double>(color[1]),
                                static_cast<double>(color[2])));
      square.copyTo(padded(cv::Rect((size - width) / 2, (size - height) / 2, width, height)));
      square = padded;
    }
    result.tiles.push_back(tensor_of(square));
  }
  return result;
}

}  // namespace conclave
