/// What the forests of classifying and of regression trees are told alike.
#pragma once

#include "models/stream/base/settings.h"

namespace conclave::stream {

/// members, lambda, patch, drift_delta and warning_delta of `o`, with what the configuration says otherwise.
/// UsageError.
template <class Options>
void read_forest_options(ConfigObject& c, Options& o) {
  o.members = integer_in(c, "members", o.members, 1, 10000);
  o.lambda = positive(c, "lambda", o.lambda, 20);
  o.patch = positive(c, "patch", o.patch, 1);
  o.drift_delta = fraction(c, "drift_delta", o.drift_delta);
  o.warning_delta = fraction(c, "warning_delta", o.warning_delta);
}

}  // namespace conclave::stream
