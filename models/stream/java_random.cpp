#include "models/stream/java_random.h"

#include <bit>

namespace conclave::stream {

// x = 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt(2); log(1 + f) = f - f^2/2 + s (f^2/2 + R), s = f / (2 + f),
// R a polynomial in s^2. The order of the operations is fdlibm's, so that every rounding is.
double strict_log(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kR1 = 6.666666666666735130e-01, kR2 = 3.999999999940941908e-01,
                   kR3 = 2.857142874366239149e-01, kR4 = 2.222219843214978396e-01,
                   kR5 = 1.818357216161805012e-01, kR6 = 1.531383769920937332e-01,
                   kR7 = 1.479819860511658591e-01;
  int exponent = 0;
  if (x < 0x1p-1022) {
    exponent = -54;
    x *= 0x1p54;
  }
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int32_t high = static_cast<int32_t>(bits >> 32);
  const int32_t mantissa = high & 0x000fffff;
  const int32_t carry = (mantissa + 0x95f64) & 0x100000;  // set when 1 + f would pass sqrt(2)
  exponent += (high >> 20) - 1023 + (carry >> 20);
  const uint64_t scaled =
      uint64_t{static_cast<uint32_t>(mantissa | (carry ^ 0x3ff00000))} << 32 | (bits & 0xffffffffu);
  const double f = std::bit_cast<double>(scaled) - 1.0;
  const double k = exponent;
  if ((0x000fffff & (2 + mantissa)) < 3) {  // |f| < 2^-20
    if (f == 0) return k * kLn2High + k * kLn2Low;
    const double r = f * f * (0.5 - 0.33333333333333333 * f);
    return exponent == 0 ? f - r : k * kLn2High - ((r - k * kLn2Low) - f);
  }
  const double s = f / (2.0 + f), z = s * s, w = z * z;
  const double even = w * (kR2 + w * (kR4 + w * kR6));
  const double odd = z * (kR1 + w * (kR3 + w * (kR5 + w * kR7)));
  const double r = odd + even;
  if (((mantissa - 0x6147a) | (0x6b851 - mantissa)) > 0) {
    const double half = 0.5 * f * f;
    if (exponent == 0) return f - (half - s * (half + r));
    return k * kLn2High - ((half - (s * (half + r) + k * kLn2Low)) - f);
  }
  if (exponent == 0) return f - s * (f - r);
  return k * kLn2High - ((s * (f - r) - k * kLn2Low) - f);
}

}  // namespace conclave::stream
