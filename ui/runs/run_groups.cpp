#include "ui/runs/run_groups.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <set>

#include "ui/data/format.h"

namespace conclave::ui {
namespace {

const QString kNone = "–";

std::vector<std::string> names_of(const RunSummary& run, GroupBy by,
                                  const std::map<std::string, std::string>& sweeps) {
  switch (by) {
    case GroupBy::experiment:
      return {run.experiment};
    case GroupBy::program:
      return {run.app + " " + run.verb};
    case GroupBy::status:
      return {run.status};
    case GroupBy::tag:
      return run.tags.empty() ? std::vector<std::string>{""} : run.tags;
    case GroupBy::sweep: {
      const auto found = sweeps.find(run.uuid);
      return {found == sweeps.end() ? "" : found->second};
    }
    default:
      return {};
  }
}

}  // namespace

std::vector<RunGroup> group_runs(const std::vector<RunSummary>& runs, GroupBy by,
                                 const std::map<std::string, std::string>& sweeps) {
  std::map<std::string, std::vector<int64_t>> found;
  for (const RunSummary& run : runs)
    for (const std::string& name : names_of(run, by, sweeps)) found[name].push_back(run.id);
  std::vector<RunGroup> groups;
  for (auto& [name, ids] : found)
    groups.push_back({name.empty()            ? kNone
                      : by == GroupBy::status ? status_text(name)
                                              : QString::fromStdString(name),
                      std::move(ids)});
  std::stable_partition(groups.begin(), groups.end(),
                        [](const RunGroup& group) { return group.name != kNone; });
  return groups;
}

std::vector<TextTableModel::Row> group_rows(const std::vector<RunGroup>& groups,
                                            const std::vector<RunSummary>& runs, const QStringList& metrics) {
  std::map<int64_t, const RunSummary*> by_id;
  RunGroup all{QCoreApplication::translate("conclave::ui::RunsPage", "all"), {}};
  for (const RunSummary& run : runs) {
    by_id[run.id] = &run;
    all.runs.push_back(run.id);
  }
  std::vector<TextTableModel::Row> rows;
  const auto add = [&](const RunGroup& group) {
    QStringList cells{group.name, count_text(std::ssize(group.runs))};
    for (const QString& metric : metrics) {
      double sum = 0;
      int64_t n = 0;
      for (const int64_t id : group.runs)
        if (const MetricSummary* found = by_id.at(id)->metric(metric.toStdString());
            found && std::isfinite(found->last))
          sum += found->last, ++n;
      cells << (n == 0 ? QString() : number_text(sum / static_cast<double>(n)));
    }
    rows.push_back({cells, false});
  };
  add(all);
  for (const RunGroup& group : groups) add(group);
  return rows;
}

}  // namespace conclave::ui
