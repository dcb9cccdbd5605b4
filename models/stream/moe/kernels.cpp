#include "models/stream/moe/kernels.h"

#include <algorithm>

namespace conclave::stream {
namespace {

constexpr int kLanes = 8;

float sum_of(const float* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

}  // namespace

CONCLAVE_STREAM_KERNEL float dot(const float* a, const float* b, int n) {
  float lanes[kLanes] = {};
  for (int i = 0; i < n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  return sum_of(lanes);
}

CONCLAVE_STREAM_KERNEL float squared_distance(const float* a, const float* b, int n) {
  float lanes[kLanes] = {};
  for (int i = 0; i < n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      const float delta = a[i + l] - b[i + l];
      lanes[l] += delta * delta;
    }
  }
  return sum_of(lanes);
}

CONCLAVE_STREAM_KERNEL void add_scaled(float* __restrict a, const float* __restrict b, float scale, int n) {
  for (int i = 0; i < n; ++i) a[i] += scale * b[i];
}

CONCLAVE_STREAM_KERNEL void adagrad_step(float* __restrict weights, float* __restrict sums,
                                         const float* __restrict z, float scale, float rate, float keep,
                                         int n) {
  for (int i = 0; i < n; ++i) {
    const float g = scale * z[i];
    sums[i] = keep * sums[i] + g * g;
    weights[i] -= rate * g / std::sqrt(sums[i] + 1e-8f);
  }
}

CONCLAVE_STREAM_KERNEL void adam_step(float* __restrict weights, float* __restrict first,
                                      float* __restrict second, const float* __restrict z, float scale,
                                      float rate, int n) {
  for (int i = 0; i < n; ++i) {
    const float g = scale * z[i];
    first[i] = 0.9f * first[i] + 0.1f * g;
    second[i] = 0.999f * second[i] + 0.001f * g * g;
    weights[i] -= rate * first[i] / (std::sqrt(second[i]) + 1e-8f);
  }
}

void softmax(double* values, int n) {
  const double top = *std::max_element(values, values + n);
  double sum = 0;
  for (int c = 0; c < n; ++c) sum += values[c] = fast_exp(values[c] - top);
  for (int c = 0; c < n; ++c) values[c] /= sum;
}

}  // namespace conclave::stream
