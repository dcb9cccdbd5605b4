/// Running another program and taking what it writes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct ChildOutput {
  int code = -1;            ///< exit code, or 128 + signal
  std::string out;          ///< its stdout; stderr is shared with this process
  double first_out_ms = 0;  ///< from its start to the first of `out`, to its end when it wrote nothing
  double ms = 0;            ///< from its start to its end
  int64_t peak_memory = 0;  ///< most bytes that were resident; no less than this process had at its start
};

/// Runs words[0], a path, with the other words as its arguments, and waits for it. Throws Error when it
/// cannot be started.
ChildOutput run_child(const std::vector<std::string>& words);

/// Runs a program (a path, or a name on $PATH) in a process group of its own with `input` as its stdin; what
/// it writes to stdout goes nowhere. It and all it started are killed after `patience`, and when `stop`
/// becomes true. Returns one sentence on what went wrong, with the last line of its stderr; empty when it
/// ended with 0.
std::string feed_child(const std::vector<std::string>& words, std::string_view input,
                       std::chrono::milliseconds patience, const std::atomic<bool>& stop);

/// The path of a program in the folders of $PATH, or `name` itself where it is a path; empty when there is
/// none that can be run.
std::string find_program(const std::string& name);

/// The folder that the running program lies in.
std::string program_folder();

}  // namespace conclave
