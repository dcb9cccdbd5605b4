/// What is wrong with a text that is no JSON, or none that is safe to handle.
#pragma once

#include <string>
#include <string_view>

#include "framework/base/json.h"

namespace conclave {

/// "not valid JSON at byte 12: syntax error while parsing value - ...".
std::string json_problem(const nlohmann::json::exception& error);

/// Throws DataError when brackets are nested deeper than any file of ours: what writes or frees such a value
/// calls itself once a level.
void check_json_depth(std::string_view text, const std::string& name);

}  // namespace conclave
