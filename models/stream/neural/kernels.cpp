#include "models/stream/neural/kernels.h"

#include <algorithm>
#include <cstring>

namespace conclave::stream {
namespace {

constexpr int kLanes = 8;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

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

// Four vectors of outputs stay in registers while the inputs go by.
CONCLAVE_STREAM_KERNEL void add_product(const float* x, const float* weights, float* y, int in, int out) {
  constexpr int kChunk = 256, kWide = 4 * kLanes;
  int32_t used[kChunk];
  for (int first = 0; first < in; first += kChunk) {
    int n = 0;
    for (int i = first; i < std::min(in, first + kChunk); ++i) {
      used[n] = i;
      n += x[i] != 0 ? 1 : 0;
    }
    int j = 0;
    for (; j + kWide <= out; j += kWide) {
      Lanes sums[4], w[4];
      std::memcpy(sums, y + j, sizeof sums);
      for (int k = 0; k < n; ++k) {
        std::memcpy(w, weights + static_cast<size_t>(used[k]) * out + j, sizeof w);
        const float z = x[used[k]];
        sums[0] += z * w[0];
        sums[1] += z * w[1];
        sums[2] += z * w[2];
        sums[3] += z * w[3];
      }
      std::memcpy(y + j, sums, sizeof sums);
    }
    for (; j < out; j += kLanes) {
      Lanes sum, w;
      std::memcpy(&sum, y + j, sizeof sum);
      for (int k = 0; k < n; ++k) {
        std::memcpy(&w, weights + static_cast<size_t>(used[k]) * out + j, sizeof w);
        sum += x[used[k]] * w;
      }
      std::memcpy(y + j, &sum, sizeof sum);
    }
  }
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
    const float mean = 0.9f * first[i] + 0.1f * g, square = 0.999f * second[i] + 0.001f * g * g;
    first[i] = std::fabs(mean) > 1e-18f ? mean : 0.0f;  // a unit at rest must not end in denormal numbers
    second[i] = square > 1e-36f ? square : 0.0f;
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
