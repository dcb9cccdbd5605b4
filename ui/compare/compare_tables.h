/// What several runs were told and what came of them, side by side.
#pragma once

#include <vector>

#include "framework/history/store.h"
#include "ui/data/text_table_model.h"

namespace conclave::ui {

/// A row for every parameter that any of the runs has, a column for each run; those that differ come first
/// and are marked. A run without it shows "–".
std::vector<TextTableModel::Row> parameter_rows(const std::vector<RunDetail>& runs);

/// Whether these are repeats of one run with other seeds: nothing else that they were told differs, but for
/// the names of what they write.
bool differ_by_seed(const std::vector<RunDetail>& runs);

/// A row for every metric: last values, and behind each its difference to that of run `baseline` (an index).
/// The best of a metric with a goal has a "★". Of repeats with
/// other seeds a last column tells mean and 95 % interval (Student's t).
std::vector<TextTableModel::Row> metric_rows(const std::vector<RunDetail>& runs, size_t baseline);

}  // namespace conclave::ui
