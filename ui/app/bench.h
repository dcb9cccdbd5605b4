/// What the window costs, measured on a history made for it.
#pragma once

#include <QString>

#include "framework/base/json.h"

namespace conclave::ui {

/// Makes a history of `runs` runs with `metrics` metrics each and one curve of a million points in a folder
/// that goes away; measures the window over it. Lines {"what", "ms" or "frames_per_s", ...}.
std::vector<Json> bench_window(int64_t runs, int64_t metrics);

/// The word for --bench with which the program only shows its window, as bench_window() lets it do.
inline constexpr const char* kBenchShown = "shown";

class MainWindow;
/// Shows the window and waits until it is painted: {"what": "painted"}.
Json wait_until_shown(MainWindow& window);

}  // namespace conclave::ui
