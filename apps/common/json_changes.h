/// Keys of a recipe changed from the command line.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// A recipe with keys changed, each "model.text.width=192" or "stages.0.train.steps=100": numbers stand for
/// places of a list, values are JSON or else a string, and null removes the key. Throws UsageError for a path
/// that is not there.
Json with_changes(Json recipe, const std::vector<std::string>& changes);

}  // namespace conclave
