#include "framework/train/optimizer_kernels.h"

#include <cmath>

namespace conclave::kernels {

void adamw(const AdamWStep& step, int64_t n, const float* __restrict gradient, float* __restrict value,
           float* __restrict mean, float* __restrict square) {
  const AdamWStep s = step;
  for (int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * s.grad_scale;
    const float m = mean[i] + (g - mean[i]) * (1 - s.beta1);
    const float v = square[i] * s.beta2 + g * g * (1 - s.beta2);
    mean[i] = m;
    square[i] = v;
    value[i] = value[i] * s.keep - s.rate * (m / (std::sqrt(v) * s.root_scale + s.epsilon));
  }
}

double sum_of_squares(int64_t n, const float* values) {
  constexpr int kLanes = 8;  // a fixed shape of the sum, so that it can be vectorised without changing bits
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; ++j) lanes[j] += static_cast<double>(values[i + j]) * values[i + j];
  for (; i < n; ++i) lanes[i % kLanes] += static_cast<double>(values[i]) * values[i];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace conclave::kernels
