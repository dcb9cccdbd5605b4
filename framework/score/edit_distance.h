/// How far one list is from another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conclave {

/// The least number of things exchanged, left out and put in that make `got` of `wanted` (Levenshtein).
int64_t edit_distance(const std::vector<std::string>& wanted, const std::vector<std::string>& got);

}  // namespace conclave
