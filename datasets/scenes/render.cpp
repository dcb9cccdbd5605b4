#include "datasets/scenes/render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

using Rgb = std::array<uint8_t, 3>;
constexpr uint8_t kGround = 211, kSeparator = 128;
constexpr std::array<Rgb, 3> kRgb{{{255, 255, 0}, {0, 0, 0}, {0, 153, 255}}};
constexpr int kPitch = 150;  // from box to box
constexpr int kSamples = 4;  // sub-rows per pixel, and sub-columns to which the ends of a span are rounded

/// Coverage of a shape in sixteenths, row by row over its bounding square.
std::vector<uint8_t> coverage(Shape shape, int size) {
  std::vector<uint8_t> mask(static_cast<size_t>(size * size), 0);
  const double half = size / 2.0;
  for (int sub = 0; sub < size * kSamples; ++sub) {
    const double y = (sub + 0.5) / kSamples;
    const double reach = shape == Shape::kCircle     ? std::sqrt(half * half - (y - half) * (y - half))
                         : shape == Shape::kTriangle ? y / 2
                                                     : half;
    const int from = static_cast<int>(std::lround((half - reach) * kSamples));
    const int to = static_cast<int>(std::lround((half + reach) * kSamples));
    for (int x = from; x < to; ++x) ++mask[static_cast<size_t>(sub / kSamples * size + x / kSamples)];
  }
  return mask;
}

const std::vector<uint8_t>& mask_of(Shape shape, int size) {
  static const auto masks = [] {
    std::array<std::vector<uint8_t>, 9> all;
    for (size_t shape = 0; shape < 3; ++shape)
      for (size_t size = 0; size < 3; ++size)
        all[shape * 3 + size] = coverage(static_cast<Shape>(shape), 10 * (static_cast<int>(size) + 1));
    return all;
  }();
  return masks[static_cast<size_t>(shape) * 3 + static_cast<size_t>(size / 10 - 1)];
}

void draw(const Item& item, int box, std::span<uint8_t> rgb) {
  require(item.size % 10 == 0 && item.size >= 10 && item.size <= 30 && item.x >= 0 && item.y >= 0 &&
              item.right() <= kBoxSide && item.bottom() <= kBoxSide,
          "render: item of size {} at ({}, {}) does not fit its box", item.size, item.x, item.y);
  const std::vector<uint8_t>& mask = mask_of(item.shape, item.size);
  const Rgb color = kRgb[static_cast<size_t>(item.color)];
  for (int y = 0; y < item.size; ++y) {
    uint8_t* pixel = rgb.data() + ((item.y + y) * kPictureWidth + box * kPitch + item.x) * 3;
    for (int x = 0; x < item.size; ++x, pixel += 3) {
      const int cover = mask[static_cast<size_t>(y * item.size + x)];
      if (cover == 0) continue;
      for (size_t c = 0; c < 3; ++c)
        pixel[c] = static_cast<uint8_t>((color[c] * cover + kGround * (16 - cover) + 8) / 16);
    }
  }
}

// The corners of a blob of pixels that are not ground, and how many of them are of each full colour.
struct Blob {
  int left = kBoxSide, top = kBoxSide, right = -1, bottom = -1;
  std::array<int, 3> full{};
};

Item item_of(const Blob& blob, int box) {
  const int size = blob.right - blob.left + 1;
  const auto color = static_cast<size_t>(std::ranges::max_element(blob.full) - blob.full.begin());
  if (size % 10 != 0 || size > 30 || blob.bottom - blob.top + 1 != size || blob.full[color] == 0)
    throw DataError("picture", fmt::format("box {}, x {}, y {}", box, blob.left, blob.top),
                    "this is neither circle, square nor triangle of size 10, 20 or 30");
  const double fill = static_cast<double>(blob.full[color]) / (size * size);
  Item item;
  item.x = static_cast<int16_t>(blob.left);
  item.y = static_cast<int16_t>(blob.top);
  item.size = static_cast<int16_t>(size);
  item.color = static_cast<Color>(color);
  item.shape = fill > 0.95 ? Shape::kSquare : fill > 0.55 ? Shape::kCircle : Shape::kTriangle;
  return item;
}

}  // namespace

void render(const Scene& scene, std::span<uint8_t> rgb) {
  require(rgb.size() == kPictureBytes, "render: the buffer has {} bytes, a picture {}", rgb.size(),
          kPictureBytes);
  std::memset(rgb.data(), kGround, kPictureWidth * 3);
  for (const int x : {kBoxSide, kPitch + kBoxSide}) std::memset(rgb.data() + x * 3, kSeparator, 50 * 3);
  for (int y = 1; y < kPictureHeight; ++y)
    std::memcpy(rgb.data() + y * kPictureWidth * 3, rgb.data(), kPictureWidth * 3);
  for (int box = 0; box < kBoxes; ++box)
    for (const Item& item : scene[static_cast<size_t>(box)]) draw(item, box, rgb);
}

std::vector<uint8_t> render(const Scene& scene) {
  std::vector<uint8_t> rgb(kPictureBytes);
  render(scene, rgb);
  return rgb;
}

Scene segment(std::span<const uint8_t> rgb) {
  require(rgb.size() == kPictureBytes, "segment: {} bytes are no picture of 400 x 100", rgb.size());
  Scene scene;
  for (int box = 0; box < kBoxes; ++box) {
    std::array<bool, kBoxSide * kBoxSide> seen{};
    const auto pixel = [&](int x, int y) {
      return rgb.subspan(static_cast<size_t>((y * kPictureWidth + box * kPitch + x) * 3), 3);
    };
    const auto is_ground = [&](int x, int y) {
      const auto p = pixel(x, y);
      return p[0] == kGround && p[1] == kGround && p[2] == kGround;
    };
    for (int start = 0; start < kBoxSide * kBoxSide; ++start) {
      if (seen[static_cast<size_t>(start)] || is_ground(start % kBoxSide, start / kBoxSide)) continue;
      Blob blob;
      std::vector<int> open{start};
      seen[static_cast<size_t>(start)] = true;
      while (!open.empty()) {
        const int at = open.back(), x = at % kBoxSide, y = at / kBoxSide;
        open.pop_back();
        blob.left = std::min(blob.left, x), blob.right = std::max(blob.right, x);
        blob.top = std::min(blob.top, y), blob.bottom = std::max(blob.bottom, y);
        const auto p = pixel(x, y);
        for (size_t c = 0; c < 3; ++c) blob.full[c] += std::equal(p.begin(), p.end(), kRgb[c].begin());
        for (const auto [nx, ny] : {std::array{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}}) {
          if (nx < 0 || ny < 0 || nx >= kBoxSide || ny >= kBoxSide || is_ground(nx, ny)) continue;
          bool& mark = seen[static_cast<size_t>(ny * kBoxSide + nx)];
          if (!mark) open.push_back(ny * kBoxSide + nx);
          mark = true;
        }
      }
      scene[static_cast<size_t>(box)].push_back(item_of(blob, box));
    }
  }
  return scene;
}

}  // namespace conclave::scenes
