#include "ui/plots/smoothing.h"

#include <cmath>

namespace conclave::ui {

std::vector<double> smooth(std::span<const Bucket> buckets, double weight) {
  std::vector<double> smoothed;
  smoothed.reserve(buckets.size());
  double sum = 0, mass = 0;
  for (const Bucket& bucket : buckets) {
    if (std::isnan(bucket.mean)) {
      smoothed.push_back(NAN);
      continue;
    }
    const double kept = std::pow(weight, bucket.n - bucket.nonfinite);
    sum = kept * sum + (1 - kept) * bucket.mean;
    mass = kept * mass + (1 - kept);
    smoothed.push_back(sum / mass);
  }
  return smoothed;
}

}  // namespace conclave::ui
