#include "ui/ultrasound/mask_runs.h"

#include <QPainter>
#include <QPainterPath>

#include "framework/base/error.h"

namespace conclave::ui {
namespace {

constexpr int64_t kMostPixels = 64 << 20;

}  // namespace

QImage parse_mask(const Json& json) {
  const auto width = json.at("width").get<int64_t>(), height = json.at("height").get<int64_t>();
  require<Error>(width > 0 && height > 0 && width <= kMostPixels && height <= kMostPixels / width,
                 "a mask of {} x {} pixels", width, height);
  QImage mask(static_cast<int>(width), static_cast<int>(height), QImage::Format_Alpha8);
  mask.fill(0);
  int64_t at = 0;
  bool set = false;
  for (const Json& run : json.at("runs")) {
    const auto length = run.get<int64_t>();
    require<Error>(length >= 0 && length <= width * height - at, "a mask beyond its picture");
    if (set)
      for (int64_t i = at; i < at + length; ++i) mask.scanLine(static_cast<int>(i / width))[i % width] = 255;
    at += length;
    set = !set;
  }
  return mask;
}

QImage inside_of(const QPolygonF& outline, const QSize& size) {
  QImage mask(size, QImage::Format_Alpha8);
  mask.fill(0);
  QPainter painter(&mask);
  QPainterPath path;
  path.addPolygon(outline.translated(0.5, 0.5));
  path.closeSubpath();
  painter.fillPath(path, Qt::black);
  return mask;
}

Json mask_json(const QImage& mask) {
  Json runs = Json::array();
  int64_t length = 0;
  bool set = false;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x, ++length)
      if ((mask.constScanLine(y)[x] > 127) != set) {
        runs.push_back(length);
        length = 0;
        set = !set;
      }
  runs.push_back(length);
  return {{"width", mask.width()}, {"height", mask.height()}, {"runs", runs}};
}

}  // namespace conclave::ui
