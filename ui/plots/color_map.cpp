#include "ui/plots/color_map.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace conclave::ui {
namespace {

// Evenly spaced points of the published maps.
constexpr std::array<QRgb, 9> kViridis{0xff440154, 0xff472d7b, 0xff3b528b, 0xff2c728e, 0xff21918c,
                                       0xff28ae80, 0xff5ec962, 0xffaddc30, 0xfffde725};
constexpr std::array<QRgb, 9> kDiverging{0xff2166ac, 0xff4393c3, 0xff92c5de, 0xffd1e5f0, 0xfff7f7f7,
                                         0xfffddbc7, 0xfff4a582, 0xffd6604d, 0xffb2182b};

}  // namespace

QColor map_color(ColorMap map, double at) {
  const auto& points = map == ColorMap::viridis ? kViridis : kDiverging;
  const double place = std::clamp(at, 0.0, 1.0) * (points.size() - 1);
  const auto below = std::min(static_cast<size_t>(place), points.size() - 2);
  const double part = place - static_cast<double>(below);
  const auto mix = [&](int a, int b) { return static_cast<int>(std::lround(a + part * (b - a))); };
  const QRgb a = points[below], b = points[below + 1];
  return {mix(qRed(a), qRed(b)), mix(qGreen(a), qGreen(b)), mix(qBlue(a), qBlue(b))};
}

QColor ink_on(const QColor& ground) {
  const double light = 0.299 * ground.redF() + 0.587 * ground.greenF() + 0.114 * ground.blueF();
  return light > 0.55 ? Qt::black : Qt::white;
}

}  // namespace conclave::ui
