/// Running another program and taking what it writes.
#pragma once

#include <string>
#include <vector>

namespace conclave {

struct ChildOutput {
  int code = -1;    ///< exit code, or 128 + signal
  std::string out;  ///< its stdout; stderr is shared with this process
};

/// Runs words[0], a path, with the other words as its arguments, and waits for it. Throws Error when it
/// cannot be started.
ChildOutput run_child(const std::vector<std::string>& words);

/// The folder that the running program lies in.
std::string program_folder();

}  // namespace conclave
