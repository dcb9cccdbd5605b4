/// Numbers of a learner's configuration, each within its bounds. All throw UsageError that names the key, the
/// value and the bounds.
#pragma once

#include "framework/base/config_object.h"

namespace conclave::stream {

/// From least to most.
int integer_in(ConfigObject& c, std::string_view key, int fallback, int least, int most = 1'000'000);
/// From least to most.
double real_in(ConfigObject& c, std::string_view key, double fallback, double least, double most);
/// Above 0, at most `most`.
double positive(ConfigObject& c, std::string_view key, double fallback, double most = 1e9);
/// Between 0 and 1, neither of them.
double fraction(ConfigObject& c, std::string_view key, double fallback);

}  // namespace conclave::stream
