#include "framework/history/points.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "framework/base/error.h"

namespace conclave {
static_assert(std::endian::native == std::endian::little, "the stored bytes are little-endian");
static_assert(sizeof(Bucket) == 56, "buckets are stored as they lie in memory, without gaps");

Bucket summarize(const Series& series, size_t from, size_t to) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  Bucket bucket{.first_step = series.steps[from],
                .last_step = series.steps[to - 1],
                .low = kNone,
                .high = kNone,
                .mean = kNone,
                .first_second = series.seconds[from],
                .last_second = series.seconds[to - 1],
                .n = static_cast<uint32_t>(to - from)};
  double sum = 0;
  for (size_t i = from; i < to; ++i) {
    const double value = series.values[i];
    if (!std::isfinite(value)) {
      ++bucket.nonfinite;
      continue;
    }
    bucket.low = std::fmin(bucket.low, value);  // fmin and fmax pass NaN over
    bucket.high = std::fmax(bucket.high, value);
    sum += value;
  }
  if (bucket.nonfinite < bucket.n) bucket.mean = sum / (bucket.n - bucket.nonfinite);
  return bucket;
}

Bucket join(const Bucket& first, const Bucket& next) {
  if (first.n == 0) return next;
  Bucket both = first;
  both.last_step = next.last_step;
  both.last_second = next.last_second;
  both.low = std::fmin(first.low, next.low);
  both.high = std::fmax(first.high, next.high);
  const double a = first.n - first.nonfinite, b = next.n - next.nonfinite;
  both.mean = a == 0 ? next.mean : b == 0 ? first.mean : (first.mean * a + next.mean * b) / (a + b);
  both.n += next.n;
  both.nonfinite += next.nonfinite;
  return both;
}

template <class T>
std::string pack(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <class T>
std::vector<T> unpack(std::string_view bytes) {
  require(bytes.size() % sizeof(T) == 0, "history: {} bytes are no whole number of {}-byte numbers",
          bytes.size(), sizeof(T));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

#define CONCLAVE_PACK(T)                         \
  template std::string pack(std::span<const T>); \
  template std::vector<T> unpack<T>(std::string_view);
CONCLAVE_PACK(float)
CONCLAVE_PACK(double)
CONCLAVE_PACK(uint32_t)
CONCLAVE_PACK(int64_t)
CONCLAVE_PACK(Bucket)
#undef CONCLAVE_PACK

PackedSteps pack_steps(std::span<const int64_t> steps) {
  PackedSteps packed;
  if (steps.empty()) return packed;
  // Unsigned arithmetic: steps from a broken file may be anything.
  const auto at = [&](size_t i) { return static_cast<uint64_t>(steps[i]); };
  packed.step0 = steps[0];
  const uint64_t stride = steps.size() > 1 ? at(1) - at(0) : 0;
  packed.stride = static_cast<int64_t>(stride);
  for (size_t i = 1; i < steps.size(); ++i)
    if (at(i) - at(i - 1) != stride) {
      packed.bytes = pack(steps);
      break;
    }
  return packed;
}

std::vector<int64_t> unpack_steps(size_t n, int64_t step0, int64_t stride, std::string_view bytes) {
  if (!bytes.empty()) {
    auto steps = unpack<int64_t>(bytes);
    require(steps.size() == n, "history: {} steps where {} are wanted", steps.size(), n);
    return steps;
  }
  require(n <= kChunkPoints, "history: a chunk of {} points; at most {} are written", n, kChunkPoints);
  std::vector<int64_t> steps(n);
  for (size_t i = 0; i < n; ++i)
    steps[i] = static_cast<int64_t>(static_cast<uint64_t>(step0) + i * static_cast<uint64_t>(stride));
  return steps;
}

}  // namespace conclave
