#pragma once

#include <algorithm>
#include <vector>

namespace conclave {

/// The middle of `values`, which are not empty; of two, the larger.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace conclave
