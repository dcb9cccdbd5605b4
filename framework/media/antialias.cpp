#include "framework/media/antialias.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int kFractionBits = 22;  // weights in fixed point, as Pillow has them for 8 bits a channel

struct Filter {
  const char* name;
  double support;
  double (*weight)(double x);
};

double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

constexpr Filter kFilters[] = {
    {"box", 0.5, [](double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }},
    {"bilinear", 1, [](double x) { return std::max(0.0, 1 - std::abs(x)); }},
    {"hamming", 1,
     [](double x) {
       x = std::abs(x);
       return x == 0 ? 1.0 : x >= 1 ? 0.0 : sinc(x) * (0.54 + 0.46 * std::cos(std::numbers::pi * x));
     }},
    {"bicubic", 2,
     [](double x) {
       constexpr double a = -0.5;
       x = std::abs(x);
       if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
       return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
     }},
    {"lanczos", 3, [](double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0.0; }},
};

/// What one place of the output is made of.
struct Window {
  int64_t first;
  std::vector<int32_t> weights;
};

std::vector<Window> windows_of(int64_t from, int64_t to, const Filter& filter) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), wide = std::max(scale, 1.0);
  const double support = filter.support * wide;
  std::vector<Window> windows;
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const auto end = std::min(from, static_cast<int64_t>(center + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t x = first; x < end; ++x) {
      weights.push_back(filter.weight((static_cast<double>(x) - center + 0.5) * (1 / wide)));
      sum += weights.back();
    }
    Window window{first, {}};
    for (const double w : weights) {
      const double share = sum != 0 ? w * (1 / sum) : w;
      const double fixed = share * (1 << kFractionBits);
      window.weights.push_back(static_cast<int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
    windows.push_back(std::move(window));
  }
  return windows;
}

uint8_t rounded(int64_t sum) {
  return static_cast<uint8_t>(
      std::clamp<int64_t>((sum + (1 << (kFractionBits - 1))) >> kFractionBits, 0, 255));
}

/// [N, from, C] -> [N, to, C].
at::Tensor resize_middle(const at::Tensor& in, int64_t to, const Filter& filter) {
  const int64_t rows = in.size(0), from = in.size(1), channels = in.size(2);
  if (from == to) return in;
  const auto windows = windows_of(from, to, filter);
  at::Tensor out = at::empty({rows, to, channels}, at::kByte);
  const auto* read = in.const_data_ptr<uint8_t>();
  auto* write = out.mutable_data_ptr<uint8_t>();
  std::vector<int64_t> sums(static_cast<size_t>(channels));
  for (int64_t n = 0; n < rows; ++n) {
    for (const auto& window : windows) {
      std::fill(sums.begin(), sums.end(), 0);
      const uint8_t* at = read + (n * from + window.first) * channels;
      for (const int64_t weight : window.weights)
        for (auto& sum : sums) sum += weight * *at++;
      for (const auto sum : sums) *write++ = rounded(sum);
    }
  }
  return out;
}

at::Tensor nearest(const at::Tensor& picture_HWC, int64_t height, int64_t width) {
  const auto places = [](int64_t from, int64_t to) {
    std::vector<int64_t> at;
    for (int64_t i = 0; i < to; ++i)
      at.push_back(
          std::min(from - 1, static_cast<int64_t>((static_cast<double>(i) + 0.5) * static_cast<double>(from) /
                                                  static_cast<double>(to))));
    return at::tensor(at, at::kLong);
  };
  return picture_HWC.index_select(0, places(picture_HWC.size(0), height))
      .index_select(1, places(picture_HWC.size(1), width));
}

}  // namespace

at::Tensor antialiased_resize(const at::Tensor& picture_HWC, int64_t height, int64_t width,
                              const std::string& filter) {
  require<UsageError>(
      picture_HWC.dim() == 3 && picture_HWC.scalar_type() == at::kByte && picture_HWC.numel() > 0 &&
          height > 0 && width > 0,
      "[antialiased_resize] a picture uint8 [H,W,C] with pixels is wanted, and a size above 0");
  if (filter == "nearest") return nearest(picture_HWC, height, width);
  for (const auto& known : kFilters) {
    if (filter != known.name) continue;
    const at::Tensor wide = resize_middle(picture_HWC.contiguous(), width, known);
    const at::Tensor flat = wide.reshape({1, wide.size(0), -1});  // a row counts as one pixel of W·C channels
    return resize_middle(flat, height, known).reshape({height, width, -1});
  }
  throw UsageError(fmt::format(
      "the filter '{}' is not known (known: nearest, box, bilinear, hamming, bicubic, lanczos)", filter));
}

}  // namespace conclave
