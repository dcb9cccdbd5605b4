#include "apps/conclave/launcher.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "conclave-";

std::vector<fs::path> search_folders() {
  std::vector<fs::path> folders{program_folder()};
  const char* path = std::getenv("PATH");
  std::istringstream parts(path ? path : "");
  for (std::string part; std::getline(parts, part, ':');)
    if (!part.empty()) folders.emplace_back(part);
  return folders;
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

fs::path program_folder() {
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  return failure ? fs::current_path() : self.parent_path();
}

std::optional<fs::path> find_app(const std::string& app) {
  // Only a bare name: "../x" is no application.
  if (app.empty() || app.find('/') != std::string::npos) return std::nullopt;
  for (const auto& folder : search_folders())
    if (const fs::path program = folder / (std::string(kPrefix) + app); is_program(program)) return program;
  return std::nullopt;
}

std::vector<std::string> list_apps() {
  std::set<std::string> names;
  for (const auto& folder : search_folders()) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(kPrefix) && is_program(entry.path())) names.insert(name.substr(kPrefix.size()));
    }
  }
  return {names.begin(), names.end()};
}

void exec_app(const fs::path& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  throw Error(fmt::format("{}: cannot be started: {}", program.string(), std::strerror(errno)));
}

}  // namespace conclave
