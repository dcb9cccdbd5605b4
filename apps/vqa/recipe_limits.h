/// How large the numbers of a recipe may be, so that a slip is an error and not a machine out of memory.
#pragma once

#include "framework/base/json.h"

namespace conclave {

/// Throws UsageError that names the key, its value and the limit: of single numbers, and of what they come to
/// together: weights of the model, questions and picture bytes of a micro-batch. Wrong types are left to
/// parse_recipe. docs/vlm.md lists the limits.
void check_recipe_limits(const Json& recipe);

}  // namespace conclave
