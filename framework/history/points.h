/// Metric points and routing counts as the bytes that the history keeps. Little-endian.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace conclave {

/// A metric's points in the order in which they were logged.
struct Series {
  std::vector<int64_t> steps;
  std::vector<float> seconds;  ///< since the run's start
  std::vector<double> values;
  size_t size() const { return steps.size(); }
};

/// Points in one row of metric_chunk.
constexpr size_t kChunkPoints = 1000;

/// Steps: nothing but (step0, stride) when they are evenly spaced, else also 8 bytes each.
struct PackedSteps {
  int64_t step0 = 0, stride = 0;
  std::string bytes;  ///< empty when evenly spaced
};
PackedSteps pack_steps(std::span<const int64_t> steps);
/// Throws Error when `bytes` has another length than n steps need.
std::vector<int64_t> unpack_steps(size_t n, int64_t step0, int64_t stride, std::string_view bytes);

/// The numbers' bytes; T: float, double, uint32_t.
template <class T>
std::string pack(std::span<const T> values);
/// Throws Error unless `bytes` holds whole numbers.
template <class T>
std::vector<T> unpack(std::string_view bytes);

}  // namespace conclave
