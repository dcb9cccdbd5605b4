/// Runs by what they have in common.
#pragma once

#include <QString>
#include <map>
#include <vector>

#include "framework/history/store.h"
#include "ui/data/text_table_model.h"

namespace conclave::ui {

enum class GroupBy : uint8_t { nothing, experiment, program, status, tag, sweep };

struct RunGroup {
  QString name;
  std::vector<int64_t> runs;
};

/// Groups by name. A run with several tags is in several groups; runs that have nothing of the kind come
/// last, under "–". `sweeps` tells what was queued together, by the runs' uuids.
std::vector<RunGroup> group_runs(const std::vector<RunSummary>& runs, GroupBy by,
                                 const std::map<std::string, std::string>& sweeps);

/// A row for all runs and for each group: how many there are, and the mean of each metric's last values.
std::vector<TextTableModel::Row> group_rows(const std::vector<RunGroup>& groups,
                                            const std::vector<RunSummary>& runs, const QStringList& metrics);

}  // namespace conclave::ui
