#include "models/ultrasound/augment.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "framework/base/config_object.h"

namespace conclave::ultrasound {
namespace {

double between(Random& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

double either_way(Random& random, double range) {
  return between(random, -range, range);
}

}  // namespace

AugmentOptions parse_augment(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  AugmentOptions o;
  const auto read = [&](const char* key, double& value, double high) {
    value = config.get(key, value);
    require<UsageError>(value >= 0 && value <= high, "{} = {}: must be from 0 to {}", config.name(key), value,
                        high);
  };
  read("flip_columns", o.flip_columns, 1);
  read("flip_rows", o.flip_rows, 1);
  read("rotate", o.rotate, 180);
  read("scale", o.scale, 0.9);
  read("stretch", o.stretch, 0.9);
  read("shift", o.shift, 1);
  read("gamma", o.gamma, 3);
  read("contrast", o.contrast, 1);
  read("brightness", o.brightness, 1);
  read("noise", o.noise, 1);
  config.finish();
  return o;
}

AugmentedBatch augment(const Tensor& grey_NHW, const Tensor& masks_NMHW, const AugmentOptions& o,
                       Random& random) {
  const int64_t rows = grey_NHW.size(0), height = grey_NHW.size(1), width = grey_NHW.size(2);
  const double ratio = static_cast<double>(height) / static_cast<double>(width);
  AugmentedBatch batch;
  const Tensor theta_N23 = at::zeros({rows, 2, 3});
  const Tensor tone_N4 = at::zeros({rows, 4});
  auto theta = theta_N23.accessor<float, 3>();
  auto tone = tone_N4.accessor<float, 2>();
  for (int64_t n = 0; n < rows; ++n) {
    const double angle = either_way(random, o.rotate) * std::numbers::pi / 180;
    const double zoom = std::exp(either_way(random, std::log1p(o.scale)));
    const double stretch = std::exp(either_way(random, std::log1p(o.stretch)) / 2);
    const bool flip_columns = random.chance(o.flip_columns), flip_rows = random.chance(o.flip_rows);
    const double x = zoom * stretch * (flip_columns ? -1 : 1), y = zoom / stretch * (flip_rows ? -1 : 1);
    // From places of the new picture to places of the old one, both from -1 to 1: rotation in pixels.
    theta[n][0][0] = static_cast<float>(std::cos(angle) * x);
    theta[n][0][1] = static_cast<float>(-std::sin(angle) * ratio * y);
    theta[n][0][2] = static_cast<float>(either_way(random, 2 * o.shift));
    theta[n][1][0] = static_cast<float>(std::sin(angle) / ratio * x);
    theta[n][1][1] = static_cast<float>(std::cos(angle) * y);
    theta[n][1][2] = static_cast<float>(either_way(random, 2 * o.shift));
    tone[n][0] = static_cast<float>(std::exp(either_way(random, o.gamma)));
    tone[n][1] = static_cast<float>(1 + either_way(random, o.contrast));
    tone[n][2] = static_cast<float>(either_way(random, o.brightness));
    tone[n][3] = static_cast<float>(between(random, 0, o.noise));
    batch.flipped.push_back(flip_columns);
  }
  const Tensor all_NCHW = at::cat({grey_NHW.unsqueeze(1), masks_NMHW}, 1).to(at::kFloat).div_(255);
  const Tensor grid_NHW2 = at::affine_grid_generator(theta_N23, all_NCHW.sizes(), false);
  const Tensor moved_NCHW = at::grid_sampler(all_NCHW, grid_NHW2, /*bilinear*/ 0, /*zeros*/ 0, false);
  const auto each = [&](int64_t i) { return tone_N4.select(1, i).view({rows, 1, 1}); };
  Tensor grey = moved_NCHW.select(1, 0).clamp(0, 1).pow(each(0));
  // Margins stay black: brightness, too, grows with the grey value there.
  grey = grey * each(1) + each(2) * grey.clamp_max(0.1) * 10;
  if (o.noise > 0) {
    const Tensor noise_NHW = at::empty_like(grey);
    Random stream = random;
    float* values = noise_NHW.mutable_data_ptr<float>();
    // A sum of four uniform numbers out of one draw: near enough to normal, and quick.
    for (int64_t i = 0; i < noise_NHW.numel(); ++i) {
      const uint32_t bits = stream();
      const auto sum =
          static_cast<float>((bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + (bits >> 24));
      values[i] = (sum - 510) / 147.8F;
    }
    random.seek(stream.position());
    grey = grey + noise_NHW * each(3) * (grey + 0.1).sqrt();
  }
  batch.grey_NHW = grey.clamp(0, 1).mul(255);
  batch.masks_NMHW = moved_NCHW.narrow(1, 1, masks_NMHW.size(1));
  return batch;
}

}  // namespace conclave::ultrasound
