#include "models/ultrasound/outliers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "models/ultrasound/ellipse.h"

namespace conclave::ultrasound {
namespace {

double grey(Random& random) {
  return 255 * random.uniform();
}

// Noise whose grains are `grain` pixels wide.
Tensor noise(int64_t height, int64_t width, int64_t grain, Random& random) {
  const int64_t rows = std::max<int64_t>(2, height / grain), columns = std::max<int64_t>(2, width / grain);
  const Tensor coarse = at::empty({1, 1, rows, columns});
  float* value = coarse.mutable_data_ptr<float>();
  for (int64_t i = 0; i < coarse.numel(); ++i) value[i] = static_cast<float>(grey(random));
  return at::upsample_bilinear2d(coarse, {height, width}, /*align_corners=*/true)[0][0];
}

Tensor stripes(int64_t height, int64_t width, Random& random) {
  const double angle = std::numbers::pi * random.uniform(), period = 4 + 40 * random.uniform();
  const Tensor y_H1 = at::arange(height, at::kFloat).unsqueeze(1), x_W = at::arange(width, at::kFloat);
  const Tensor wave =
      ((x_W * std::cos(angle) + y_H1 * std::sin(angle)) * (2 * std::numbers::pi / period)).sin();
  const double low = grey(random), high = grey(random);
  return random.chance(0.5) ? (wave + 1) * ((high - low) / 2) + low : wave.gt(0) * (high - low) + low;
}

// Boxes and ellipses of one grey each over another picture.
Tensor shapes(Tensor picture, Random& random) {
  const int64_t height = picture.size(0), width = picture.size(1);
  for (uint64_t left = 1 + random.below(12); left > 0; --left) {
    const double value = grey(random);
    const auto h = static_cast<double>(height), w = static_cast<double>(width);
    if (random.chance(0.5)) {
      const auto top = static_cast<int64_t>(random.below(static_cast<uint64_t>(height)));
      const auto first = static_cast<int64_t>(random.below(static_cast<uint64_t>(width)));
      const auto rows = 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(height - top)));
      const auto columns = 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(width - first)));
      picture.narrow(0, top, rows).narrow(1, first, columns).fill_(value);
    } else {
      const Ellipse ellipse{{w * random.uniform(), h * random.uniform()},
                            2 + w / 3 * random.uniform(),
                            2 + h / 3 * random.uniform(),
                            std::numbers::pi * random.uniform()};
      picture.masked_fill_(ellipse_mask(ellipse, height, width).to(at::kBool), value);
    }
  }
  return picture;
}

}  // namespace

Tensor made_outlier(int64_t height, int64_t width, Random& random) {
  switch (random.below(6)) {
    case 0:
      return noise(height, width, 1, random);
    case 1:
      return noise(height, width, int64_t{1} << (1 + random.below(6)), random);
    case 2:
      return stripes(height, width, random);
    case 3:
      return at::full({height, width}, grey(random));
    case 4:
      return shapes(noise(height, width, 64, random), random);
    default:
      return shapes(at::full({height, width}, grey(random)), random);
  }
}

OutlierBatch outliers_for(const Tensor& grey_NHW, const std::vector<Tensor>& others, int64_t count,
                          Random& random) {
  std::vector<Tensor> all;
  std::vector<float> known;
  for (int64_t m = 0; m < count; ++m) {
    const bool other = !others.empty() && random.chance(0.5);
    Tensor picture = other ? others[random.below(others.size())].to(at::kFloat)
                           : made_outlier(grey_NHW.size(1), grey_NHW.size(2), random);
    const bool mixed = random.chance(0.5);
    const double share = mixed ? random.uniform() : 0;
    const Tensor real = grey_NHW[static_cast<int64_t>(random.below(static_cast<uint64_t>(grey_NHW.size(0))))];
    all.push_back(real * share + picture * (1 - share));
    known.push_back(static_cast<float>(share));
  }
  return {at::stack(all), at::tensor(known)};
}

}  // namespace conclave::ultrasound
