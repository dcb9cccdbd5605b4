/// Options of a Hoeffding tree, as learners of trees read them.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {

/// `o` with what the configuration says otherwise. UsageError.
TreeOptions tree_options(ConfigObject& c, TreeOptions o);

}  // namespace conclave::stream
