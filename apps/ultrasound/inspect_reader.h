/// What a trained reader is, and where it sends the tokens of some pictures.
#pragma once

#include <filesystem>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// {"name", "parameters", "tasks", "training", "temperatures", "known_from"}
/// and, with pictures, "routing": for each block and kind of token ("breast places", "breast fields") the
/// share of tokens by expert, the mean weight of the experts' path, and the number of tokens.
Json describe_reader(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& pictures);

}  // namespace conclave
