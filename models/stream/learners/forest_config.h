/// What the forests of classifying and of regression trees are told alike.
#pragma once

#include "framework/base/config_object.h"

namespace conclave::stream {

/// members, lambda, patch, drift_delta and warning_delta of `o`, with what the configuration says otherwise.
/// UsageError.
template <class Options>
void read_forest_options(ConfigObject& c, Options& o) {
  o.members = static_cast<int>(c.get_integer("members", o.members, 1));
  require<UsageError>(o.members <= 10000, "{} = {} is above 10000", c.name("members"), o.members);
  o.lambda = c.get("lambda", o.lambda);
  require<UsageError>(o.lambda > 0 && o.lambda <= 20, "{} = {} is not in (0, 20]", c.name("lambda"),
                      o.lambda);
  o.patch = c.get("patch", o.patch);
  o.drift_delta = c.get("drift_delta", o.drift_delta);
  o.warning_delta = c.get("warning_delta", o.warning_delta);
}

}  // namespace conclave::stream
