/// What is wrong with a text that is no JSON, in words of its own: no library's name and codes.
#pragma once

#include <string>

#include "framework/base/json.h"

namespace conclave {

/// "not valid JSON at byte 12: syntax error while parsing value - ...".
std::string json_problem(const nlohmann::json::exception& error);

}  // namespace conclave
