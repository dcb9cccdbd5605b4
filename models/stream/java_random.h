/// java.util.Random, bit for bit: the 48-bit generator behind MOA's streams, whose algorithm Java's API
/// documentation fixes.
#pragma once

#include <cmath>
#include <cstdint>

namespace conclave::stream {

/// Java's StrictMath.log of a finite x > 0, which is netlib's fdlibm: the C library's differs in the last bit
/// now and then.
double strict_log(double x);

class JavaRandom {
 public:
  explicit JavaRandom(int64_t seed) : state_((static_cast<uint64_t>(seed) ^ kFactor) & kMask) {}

  int32_t next_int() { return next(32); }
  /// Uniform in [0, bound); bound >= 1.
  int32_t next_int(int32_t bound) {
    int32_t bits = next(31);
    if ((bound & (bound - 1)) == 0) return static_cast<int32_t>((int64_t{bound} * bits) >> 31);
    int32_t value = bits % bound;
    // Java relies on 32-bit overflow to see the incomplete last block.
    while (int64_t{bits} - value + (bound - 1) > INT32_MAX) {
      bits = next(31);
      value = bits % bound;
    }
    return value;
  }
  /// Uniform in [0, 1).
  double next_double() {
    const int64_t high = int64_t{next(26)} << 27;
    return static_cast<double>(high + next(27)) * 0x1.0p-53;
  }
  /// Marsaglia's polar method; every second call takes the value kept by the one before.
  double next_gaussian() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double a, b, square;
    do {
      a = 2 * next_double() - 1;
      b = 2 * next_double() - 1;
      square = a * a + b * b;
    } while (square >= 1 || square == 0);
    const double scale = std::sqrt(-2 * strict_log(square) / square);
    spare_ = b * scale;
    has_spare_ = true;
    return a * scale;
  }
  /// `percent` of 100: MOA's way to decide on noise.
  bool percent(int percent) { return 1 + next_int(100) <= percent; }

 private:
  static constexpr uint64_t kFactor = 0x5DEECE66DULL, kMask = (uint64_t{1} << 48) - 1;
  int32_t next(int bits) {
    state_ = (state_ * kFactor + 0xB) & kMask;
    return static_cast<int32_t>(state_ >> (48 - bits));
  }
  uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace conclave::stream
