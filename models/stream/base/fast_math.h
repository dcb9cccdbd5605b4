/// exp, log and the normal distribution without branches, so that loops over them become vector code.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// One version of a kernel per instruction set, chosen when the program starts.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define CONCLAVE_STREAM_KERNEL __attribute__((target_clones("arch=haswell", "default")))
#else
#define CONCLAVE_STREAM_KERNEL
#endif

namespace conclave::stream {

constexpr double kLn2 = 0.693147180559945309417;

/// e^x to 1e-10 of the value; 0 below -700, e^700 above 700.
inline double fast_exp(double x) {
  const double used = x > 700 ? 700.0 : x > -700 ? x : -700.0;  // NaN too becomes -700
  constexpr double kShift = 0x1.8p52;                           // puts the whole part into the low bits
  const double shifted = used * (1 / kLn2) + kShift;
  const double whole = shifted - kShift;
  const double r = (used - whole * 0x1.62e42fefa38p-1) - whole * 0x1.ef35793c7673p-45;
  double p = 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  const uint64_t exponent = (std::bit_cast<uint64_t>(shifted) + 1023) << 52;
  const double value = p * std::bit_cast<double>(exponent);
  return x > -700 ? value : 0.0;
}

/// Natural logarithm to 1e-11; x must be positive, finite and normal.
inline double fast_log(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  // 2^k m with m in [sqrt(1/2), sqrt(2)).
  const uint64_t moved = bits + (0x3ff0000000000000ull - 0x3fe6a09e667f3bcdull);
  const uint64_t k_bits = moved >> 52;
  const double k = std::bit_cast<double>(k_bits | 0x4330000000000000ull) - (0x1p52 + 1023);
  const double m = std::bit_cast<double>((moved & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull);
  const double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  p = p * z + 1;
  return k * kLn2 + 2 * s * p;
}

/// x ln x; 0 at 0.
inline double x_log_x(double x) {
  return x > 1e-300 ? x * fast_log(x > 1e-300 ? x : 1.0) : 0.0;
}

/// In single precision, for comparing splits: twice as many values at a time.
inline float fast_exp(float x) {
  const float used = x > 80 ? 80.0f : x > -80 ? x : -80.0f;
  constexpr float kShift = 0x1.8p23f;
  const float shifted = used * 1.44269504f + kShift, whole = shifted - kShift;
  const float r = (used - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  return p * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) + 127) << 23);
}

/// x must be positive, finite and normal.
inline float fast_log(float x) {
  const uint32_t moved = std::bit_cast<uint32_t>(x) + (0x3f800000u - 0x3f3504f3u);
  const float k = static_cast<float>(static_cast<int32_t>(moved >> 23) - 127);
  const float m = std::bit_cast<float>((moved & 0x007fffffu) + 0x3f3504f3u);
  const float s = (m - 1) / (m + 1), z = s * s;
  float p = 1.0f / 9;
  p = p * z + 1.0f / 7;
  p = p * z + 1.0f / 5;
  p = p * z + 1.0f / 3;
  p = p * z + 1;
  return k * 0.693147181f + 2 * s * p;
}

inline float x_log_x(float x) {
  return x > 1e-30f ? x * fast_log(x > 1e-30f ? x : 1.0f) : 0.0f;
}

/// The normal distribution function to 1e-6 (Abramowitz and Stegun, 26.2.17).
inline float normal_cdf(float z) {
  const float a = std::fabs(z);
  const float t = 1 / (1 + 0.2316419f * a);
  const float p =
      t * (0.319381530f + t * (-0.356563782f + t * (1.781477937f + t * (-1.821255978f + t * 1.330274429f))));
  const float upper = 0.39894228f * fast_exp(-0.5f * a * a) * p;
  return z > 0 ? 1 - upper : upper;
}

/// Where the largest of n values is; the first among equals.
inline int arg_max(const double* values, int n) {
  int best = 0;
  for (int i = 1; i < n; ++i)
    if (values[i] > values[best]) best = i;
  return best;
}

}  // namespace conclave::stream
