#include "ui/compare/compare_tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ui/data/format.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kShownCharacters = 200;

QString value_text(const Json& value) {
  return QString::fromStdString(value.is_string()
                                    ? value.get<std::string>()
                                    : value.dump(-1, ' ', false, Json::error_handler_t::replace))
      .left(kShownCharacters);
}

// The index of the best run, or -1 where the metric has no goal or fewer than two runs have it.
int best_run(const std::vector<RunDetail>& runs, const std::string& name) {
  int best = -1, have = 0;
  double value = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const MetricSummary* metric = runs[i].metric(name);
    if (!metric || metric->goal.empty() || std::isnan(metric->last)) continue;
    ++have;
    const bool better = metric->goal == "max" ? metric->last > value : metric->last < value;
    if (best >= 0 && !better) continue;
    best = static_cast<int>(i);
    value = metric->last;
  }
  return have > 1 ? best : -1;
}

}  // namespace

std::vector<TextTableModel::Row> parameter_rows(const std::vector<RunDetail>& runs) {
  std::map<QString, std::vector<QString>> values;
  for (size_t i = 0; i < runs.size(); ++i)
    for (const RunParam& param : runs[i].params) {
      auto& row = values[QString::fromStdString(param.key)];
      row.resize(runs.size(), "–");
      row[i] = value_text(param.value);
    }
  std::vector<TextTableModel::Row> rows;
  for (const auto& [key, cells] : values) {
    const bool differ =
        std::any_of(cells.begin(), cells.end(), [&](const QString& cell) { return cell != cells[0]; });
    QStringList line{key};
    for (const QString& cell : cells) line << cell;
    rows.push_back({line, differ});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.marked && !b.marked; });
  return rows;
}

std::vector<TextTableModel::Row> metric_rows(const std::vector<RunDetail>& runs, size_t baseline) {
  std::set<std::string> names;
  for (const RunDetail& run : runs)
    for (const MetricSummary& metric : run.metrics) names.insert(metric.name);
  std::vector<TextTableModel::Row> rows;
  for (const std::string& name : names) {
    const int best = best_run(runs, name);
    const MetricSummary* base = baseline < runs.size() ? runs[baseline].metric(name) : nullptr;
    QStringList line{QString::fromStdString(name)};
    for (size_t i = 0; i < runs.size(); ++i) {
      const MetricSummary* metric = runs[i].metric(name);
      if (!metric) {
        line << "–";
        continue;
      }
      QString cell = number_text(metric->last);
      if (base && i != baseline) {
        const double delta = metric->last - base->last;
        cell += QString("  (%1%2)").arg(delta < 0 ? "−" : "+", number_text(std::abs(delta)));
      }
      if (static_cast<int>(i) == best) cell = "★ " + cell;
      line << cell;
    }
    rows.push_back({line, best >= 0});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.marked && !b.marked; });
  return rows;
}

}  // namespace conclave::ui
