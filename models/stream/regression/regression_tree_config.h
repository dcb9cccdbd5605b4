/// Options of a regression tree, as learners of such trees read them.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/regression/regression_tree.h"

namespace conclave::stream {

/// `o` with what the configuration says otherwise. UsageError.
RegressionTreeOptions regression_tree_options(ConfigObject& c, RegressionTreeOptions o);

}  // namespace conclave::stream
