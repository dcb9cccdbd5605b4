/// Running something in a process of its own and looking at what it wrote.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace conclave::testing {

struct Outcome {
  int code = -1;  ///< exit code, or 128 + signal
  std::string out, err;
};

/// Runs `body` in a forked child and gives its exit code back.
Outcome in_child(const std::function<int()>& body);

/// Runs bin/<words[0]> of this build, or words[0] itself if it is a path, with `environment` added.
Outcome run_program(const std::vector<std::string>& words,
                    const std::map<std::string, std::string>& environment = {});

/// bin/<name> of this build.
std::filesystem::path program_path(const std::string& name);

}  // namespace conclave::testing
