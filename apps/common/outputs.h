/// Files that a program writes must not be those that it reads, nor one another.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace conclave {

/// An option and its file; an empty path and "-" are none.
using NamedPaths = std::vector<std::pair<std::string, std::filesystem::path>>;

/// Throws UsageError that names the option and the file. "-" among `inputs` is what stdin was redirected
/// from; links of both kinds are seen through.
void check_outputs(const NamedPaths& outputs, const std::vector<std::filesystem::path>& inputs);

}  // namespace conclave
