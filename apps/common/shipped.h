/// What comes with the programs: models, recipes, samples.
#pragma once

#include <filesystem>
#include <string>

namespace conclave {

/// "vqa-small" -> its place under share/conclave beside the installed program, or under assets/ of the source
/// tree that the program was built in. UsageError when it is in neither.
std::filesystem::path shipped(const std::string& name);

}  // namespace conclave
