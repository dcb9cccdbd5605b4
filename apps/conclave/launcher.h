/// Finding and starting the applications beside the umbrella program.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace conclave {

/// Folder of the running program.
std::filesystem::path program_folder();

/// conclave-<app> beside this program, or else on PATH.
std::optional<std::filesystem::path> find_app(const std::string& app);

/// Names of the applications that find_app would find, sorted.
std::vector<std::string> list_apps();

/// Replaces this process by `program` with `arguments`; throws Error when that fails.
[[noreturn]] void exec_app(const std::filesystem::path& program, const std::vector<std::string>& arguments);

}  // namespace conclave
