/// Poisson's distribution, for online bagging (Oza and Russell, 2001).
#pragma once

#include <cmath>

#include "framework/base/random.h"

namespace conclave::stream {

/// By inversion of a table; 0 < mean <= 20.
class Poisson {
 public:
  explicit Poisson(double mean = 1) {
    double p = std::exp(-mean), sum = 0;
    for (int k = 0; k < kMost; ++k) {
      sum += p;
      sums_[k] = sum;
      p *= mean / (k + 1);
    }
  }
  int draw(Random& random) const {
    const double at = random.uniform();
    int k = 0;
    while (k < kMost - 1 && at >= sums_[k]) ++k;
    return k;
  }

 private:
  static constexpr int kMost = 96;
  double sums_[kMost];
};

}  // namespace conclave::stream
