/// What the window costs, measured on a history made for it.
#pragma once

#include <QString>

#include "framework/base/json.h"

namespace conclave::ui {

/// Makes a history of `runs` runs with `metrics` metrics each and one curve of a million points in a folder
/// that goes away; measures the window over it. Lines {"what", "ms" or "frames_per_s", ...}.
std::vector<Json> bench_window(int64_t runs, int64_t metrics);

}  // namespace conclave::ui
