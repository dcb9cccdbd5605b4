/// Metric points and routing counts as the bytes that the history keeps. Little-endian.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

/// A metric's points in the order in which they were logged.
struct Series {
  std::vector<int64_t> steps;
  std::vector<float> seconds;  ///< since the run's start
  std::vector<double> values;
  size_t size() const { return steps.size(); }
};

/// Points by metric.
using Curves = std::map<std::string, Series, std::less<>>;

/// Points in one row of metric_chunk.
constexpr size_t kChunkPoints = 1000;

/// Neighbouring points in short: what a curve shows in one column of the screen.
struct Bucket {
  int64_t first_step = 0, last_step = 0;
  double low = 0, high = 0, mean = 0;  ///< of the finite values; NaN when there are none
  float first_second = 0, last_second = 0;
  uint32_t n = 0, nonfinite = 0;
};

/// Points in one bucket of the lowest level; each level above takes ten buckets into one.
constexpr size_t kBucketPoints = 100;
/// Buckets in one row of metric_outline.
constexpr size_t kRowBuckets = 10;

/// Points [from, to) of `series`.
Bucket summarize(const Series& series, size_t from, size_t to);
/// `next` behind `first`, as one.
Bucket join(const Bucket& first, const Bucket& next);

/// Steps: nothing but (step0, stride) when they are evenly spaced, else also 8 bytes each.
struct PackedSteps {
  int64_t step0 = 0, stride = 0;
  std::string bytes;  ///< empty when evenly spaced
};
PackedSteps pack_steps(std::span<const int64_t> steps);
/// Throws Error when `bytes` has another length than n steps need.
std::vector<int64_t> unpack_steps(size_t n, int64_t step0, int64_t stride, std::string_view bytes);

/// The numbers' bytes; T: float, double, uint32_t, int64_t, Bucket.
template <class T>
std::string pack(std::span<const T> values);
/// Throws Error unless `bytes` holds whole numbers.
template <class T>
std::vector<T> unpack(std::string_view bytes);

}  // namespace conclave
