/// What a run that goes on costs the window that shows it.
#pragma once

#include <filesystem>
#include <functional>

#include "framework/base/json.h"

namespace conclave::ui {

/// The word for --bench with which the program writes a live run, as bench_live() lets it do.
inline constexpr const char* kBenchWrite = "write";
/// Logs ten curves of a hundred points a second each into `history` until the process is ended.
[[noreturn]] void write_live_run(const std::filesystem::path& history);

/// Shows the curves of such a run, which another process writes, for `seconds`; `say` gets a line for each
/// minute and one for all: {"what": "live run", "seconds", "points_per_s", "cpu_percent" (of one core, this
/// process), "memory_mb"}.
void bench_live(int seconds, const std::function<void(const Json&)>& say);

}  // namespace conclave::ui
