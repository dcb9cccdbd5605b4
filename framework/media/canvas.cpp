#include "framework/media/canvas.h"

#include <ATen/ATen.h>

#include <opencv2/imgproc.hpp>

#include "framework/base/file.h"
#include "framework/media/mat_tensor.h"
#include "framework/media/opencv_codecs.h"

namespace conclave {
namespace {

constexpr double kLetterHeight = 22;  // of the font at scale 1, in pixels

cv::Scalar scalar(Rgb color) {
  return {double(color[0]), double(color[1]), double(color[2])};
}

}  // namespace

Rgb category_color(int64_t index) {
  static constexpr std::array<Rgb, 8> kColors{{{230, 159, 0},
                                               {86, 180, 233},
                                               {0, 158, 115},
                                               {204, 121, 167},
                                               {213, 94, 0},
                                               {0, 114, 178},
                                               {240, 228, 66},
                                               {120, 120, 120}}};
  return kColors[static_cast<size_t>(index) % kColors.size()];
}

Canvas::Canvas(int64_t width, int64_t height, Rgb ground)
    : picture_HW3_(at::tensor({int(ground[0]), int(ground[1]), int(ground[2])}, at::kByte)
                       .expand({height, width, 3})
                       .contiguous()) {}

void Canvas::paste(const at::Tensor& picture_HW3, int64_t x, int64_t y, int64_t factor) {
  const cv::Mat source = mat_of(picture_HW3.contiguous());
  cv::Mat blocks, target = mat_of(picture_HW3_);
  cv::resize(source, blocks, {}, double(factor), double(factor), cv::INTER_NEAREST);
  const cv::Rect all(0, 0, target.cols, target.rows);
  const cv::Rect place = cv::Rect(int(x), int(y), blocks.cols, blocks.rows) & all;
  if (place.empty()) return;
  blocks(cv::Rect(place.x - int(x), place.y - int(y), place.width, place.height)).copyTo(target(place));
}

void Canvas::tint(int64_t x, int64_t y, int64_t width, int64_t height, Rgb color, double alpha) {
  cv::Mat target = mat_of(picture_HW3_);
  const cv::Rect place =
      cv::Rect(int(x), int(y), int(width), int(height)) & cv::Rect(0, 0, target.cols, target.rows);
  if (place.empty()) return;
  cv::Mat part = target(place);
  const cv::Mat over(part.size(), part.type(), scalar(color));
  cv::addWeighted(over, alpha, part, 1 - alpha, 0, part);
}

void Canvas::frame(int64_t x, int64_t y, int64_t width, int64_t height, Rgb color) {
  cv::Mat target = mat_of(picture_HW3_);
  cv::rectangle(target, cv::Rect(int(x), int(y), int(width), int(height)), scalar(color), 1);
}

void Canvas::text(int64_t x, int64_t y, const std::string& words, Rgb color, double size) {
  cv::Mat target = mat_of(picture_HW3_);
  cv::putText(target, words, {int(x), int(y + size)}, cv::FONT_HERSHEY_SIMPLEX, size / kLetterHeight,
              scalar(color), 1, cv::LINE_AA);
}

int64_t Canvas::text_width(const std::string& words, double size) {
  int below = 0;
  return cv::getTextSize(words, cv::FONT_HERSHEY_SIMPLEX, size / kLetterHeight, 1, &below).width;
}

void Canvas::save(const std::filesystem::path& file) const {
  const auto png = opencv_codecs().encode_png(mat_of(picture_HW3_), {});
  write_file(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

}  // namespace conclave
