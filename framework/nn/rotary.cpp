#include "framework/nn/rotary.h"

#include <ATen/ATen.h>

#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

// theta^(-i/count) for i = 0..count-1; powers in float64 so that long positions keep their angle.
Tensor powers(int64_t count, double theta) {
  const Tensor exponent = at::arange(count, at::dtype(at::kDouble)) / static_cast<double>(count);
  return at::pow(theta, -exponent);
}

Rotation from_angles(const Tensor& angle_NLC, double magnitude = 1, bool pairs = false) {
  Rotation rotation{angle_NLC.cos().unsqueeze(1), angle_NLC.sin().unsqueeze(1), pairs};
  if (magnitude != 1) {
    rotation.cos_N1LC.mul_(magnitude);
    rotation.sin_N1LC.mul_(magnitude);
  }
  return rotation;
}

Rotation grid_angles(const Tensor& position, int64_t dim, double theta) {
  require<UsageError>(dim % 4 == 0, "[rotary] dim = {}: must be a multiple of 4 on a grid", dim);
  require(position.dim() == 3 && position.size(0) == 2, "[rotary] positions on a grid must be [2,N,L]");
  const Tensor angle =
      position.to(at::kFloat).unsqueeze(-1) * powers(dim / 4, theta).to(at::kFloat).to(position.device());
  return from_angles(at::cat({angle[0], angle[1]}, -1));
}

}  // namespace

Tensor Rotary::plain_frequencies() const {
  return powers(dim / 2, theta);
}

Rotation Rotary::angles(const Tensor& position) const {
  require<UsageError>(dim > 0 && dim % 2 == 0, "[rotary] dim = {}: must be even and positive", dim);
  if (grid) return grid_angles(position, dim, theta);
  const int64_t half = dim / 2;
  const bool reaches_far =
      far_frequency_C.defined() && position.numel() > 0 && position.max().item<int64_t>() >= far;
  const Tensor frequency_C = reaches_far                   ? far_frequency_C
                             : this->frequency_C.defined() ? this->frequency_C
                                                           : plain_frequencies();
  const Tensor angle =
      position.to(at::kFloat).unsqueeze(-1) * frequency_C.to(at::kFloat).to(position.device());
  if (position.dim() == 2) return from_angles(angle, magnitude, pairs);

  const auto axes = static_cast<int64_t>(sections.size());
  require<UsageError>(position.dim() == 3 && position.size(0) == axes &&
                          std::reduce(sections.begin(), sections.end()) == half,
                      "[rotary] {} rows of positions with sections [{}] for {} frequencies", position.size(0),
                      fmt::join(sections, ", "), half);
  // Which row of positions each frequency follows.
  std::vector<int64_t> axis_of(static_cast<size_t>(half), 0);
  size_t next = 0;
  if (time_last) {
    require<UsageError>(axes == 3 && sections[0] == sections[1],
                        "[rotary] sections [{}] must be as many for height as for width, then time",
                        fmt::join(sections, ", "));
    for (int64_t i = 0; i < 2 * sections[0]; ++i) axis_of[static_cast<size_t>(i)] = 1 + i % 2;
  }
  for (int64_t axis = 0; axis < axes && !time_last; ++axis) {
    for (int64_t i = 0; i < sections[static_cast<size_t>(axis)]; ++i) {
      // By turns, the first row keeps every frequency that no other row takes.
      if (!interleaved) {
        axis_of[next++] = axis;
      } else if (axis > 0) {
        require<UsageError>(i * axes + axis < half, "[rotary] section {} does not fit {} frequencies", axis,
                            half);
        axis_of[static_cast<size_t>(i * axes + axis)] = axis;
      }
    }
  }
  const Tensor index = at::tensor(axis_of, at::kLong).to(position.device()).view({1, 1, 1, half});
  return from_angles(angle.gather(0, index.expand({1, angle.size(1), angle.size(2), half})).squeeze(0),
                     magnitude, pairs);
}

Tensor rotate(const Tensor& x_NHLC, const Rotation& rotation) {
  const int64_t half = rotation.cos_N1LC.size(-1);
  const int64_t channels = x_NHLC.size(-1);
  require(2 * half <= channels, "[rotary] {} rotated channels in heads of {}", 2 * half, channels);
  Tensor a = x_NHLC.narrow(-1, 0, half), b = x_NHLC.narrow(-1, half, half);
  if (rotation.pairs) {
    const Tensor turned = x_NHLC.narrow(-1, 0, 2 * half).unflatten(-1, {half, 2});
    a = turned.select(-1, 0);
    b = turned.select(-1, 1);
  }
  const Tensor &cos = rotation.cos_N1LC, &sin = rotation.sin_N1LC;
  const Tensor turned = at::cat({a * cos - b * sin, b * cos + a * sin}, -1).to(x_NHLC.scalar_type());
  if (2 * half == channels) return turned;
  return at::cat({turned, x_NHLC.narrow(-1, 2 * half, channels - 2 * half)}, -1);
}

}  // namespace conclave
