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
  return json_text(value).left(kShownCharacters);
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

// Half the width of the 95 % interval of a mean, in standard errors.
double t95(size_t freedom) {
  static constexpr double kT[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
  return freedom <= std::size(kT) ? kT[freedom - 1] : 1.96 + 2.55 / static_cast<double>(freedom);
}

// "0.837 ± 0.017"; empty where fewer than two runs have the metric.
QString mean_text(const std::vector<RunDetail>& runs, const std::string& name) {
  std::vector<double> values;
  for (const RunDetail& run : runs)
    if (const MetricSummary* metric = run.metric(name); metric && std::isfinite(metric->last))
      values.push_back(metric->last);
  if (values.size() < 2) return {};
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return QString("%1 ± %2").arg(number_text(mean),
                                number_text(t95(values.size() - 1) * std::sqrt(squares / (n - 1) / n)));
}

}  // namespace

bool differ_by_seed(const std::vector<RunDetail>& runs) {
  static const std::set<QString> kOwn{"seed", "out", "output", "run-name", "predictions", "snapshot"};
  std::set<std::string> seeds;
  for (const RunDetail& run : runs) {
    seeds.insert(run.seed);
    if (run.app != runs.front().app || run.verb != runs.front().verb || run.seed.empty()) return false;
  }
  if (runs.size() < 2 || seeds.size() != runs.size()) return false;
  for (const TextTableModel::Row& row : parameter_rows(runs))
    if (row.marked && !kOwn.contains(row.cells[0])) return false;
  return true;
}

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
  const bool repeats = differ_by_seed(runs);
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
    if (repeats) line << mean_text(runs, name);
    rows.push_back({line, best >= 0});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.marked && !b.marked; });
  return rows;
}

}  // namespace conclave::ui
