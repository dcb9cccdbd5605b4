/// Concepts that follow one another, with a ramp in between.
#pragma once

#include "models/stream/generators/generator.h"

namespace conclave::stream {

/// moa: 1 / (1 + exp(-4 (n - position) / width)), n from 1, never quite over.
/// capymoa: a logistic from 0.01 to 0.99 within the window, nothing outside it. linear: within the window.
enum class DriftRamp : uint8_t { moa, capymoa, linear };
DriftRamp drift_ramp(const std::string& name);

/// Probability that row n (from 1) comes from the new concept.
double drift_probability(DriftRamp ramp, double n, double position, double width);

/// Rows of `before`, and around `position` more and more of `after`. UsageError unless both have the same
/// columns. The choice has a generator of its own, seeded with `seed`.
GeneratorPtr make_concept_drift(GeneratorPtr before, GeneratorPtr after, double position, double width,
                                int64_t seed = 1, DriftRamp ramp = DriftRamp::moa);

/// A stream from JSON:
///   {"generator": "sea", "seed": 1, "function": [1, 2, 4, 1], "positions": [250000, 500000, 750000],
///   "width": 50}
/// Keys are those of GeneratorOptions; where one holds a list, it has a value per concept. "concepts": [...]
/// lists objects with keys of their own instead. "ramp": "moa" (default), "capymoa", "linear". UsageError.
GeneratorPtr make_generator(const Json& config);

}  // namespace conclave::stream
