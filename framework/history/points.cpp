#include "framework/history/points.h"

#include <bit>
#include <cstring>

#include "framework/base/error.h"

namespace conclave {
static_assert(std::endian::native == std::endian::little, "the stored bytes are little-endian");

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
