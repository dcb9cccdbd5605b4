/// Reading the keys of a stage within limits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "framework/base/config_object.h"

namespace conclave {

/// A whole number of low..high; without a fallback the key must be there. Throws UsageError.
int64_t integer_of(ConfigObject& config, const std::string& key, std::optional<int64_t> fallback, int64_t low,
                   int64_t high);
/// A number of low..high; without a fallback the key must be there. Throws UsageError.
double number_of(ConfigObject& config, const std::string& key, std::optional<double> fallback, double low,
                 double high);
/// A list of whole numbers of low..high; empty when the key is absent. Throws UsageError.
std::vector<int64_t> integers_of(ConfigObject& config, const std::string& key, int64_t low, int64_t high);

}  // namespace conclave
