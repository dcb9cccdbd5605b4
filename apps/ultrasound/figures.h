/// Figures of an evaluation as JSON, each with its interval by patient.
#pragma once

#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/score/bootstrap.h"

namespace conclave {

struct EvalOptions {
  int64_t resamples = 2000;  ///< of the bootstrap by patient; 0: no intervals
  uint64_t seed = 0;
};

inline Json number_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

/// Adds figures over samples to `out`: NAME, and NAME_interval (95 %) of a bootstrap that draws patients.
struct Figures {
  const std::vector<std::string>& patient;  ///< of each sample
  const EvalOptions& options;
  Json& out;

  /// `figure` gets the places of samples.
  void add(const std::string& name, const std::function<double(const std::vector<size_t>&)>& figure) const {
    std::vector<size_t> all(patient.size());
    std::iota(all.begin(), all.end(), size_t{0});
    if (all.empty()) return;
    out[name] = number_or_null(figure(all));
    if (options.resamples == 0) return;
    const auto interval = bootstrap_interval(patient, figure, options.resamples, options.seed);
    out[name + "_interval"] = {number_or_null(interval.low), number_or_null(interval.high)};
  }
};

inline double mean_of(const std::vector<double>& values, const std::vector<size_t>& places) {
  double sum = 0;
  for (const size_t i : places) sum += values[i];
  return sum / static_cast<double>(places.size());
}

}  // namespace conclave
