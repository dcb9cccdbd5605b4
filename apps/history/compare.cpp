// conclave-history compare: what differs between runs, and what came of it.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/history/record.h"

namespace conclave {
namespace {

struct ParamRow {
  std::string key;
  std::vector<Json> values;  ///< null where a run has none
  bool differs = false;
};

struct MetricRow {
  std::string name, unit, goal;
  std::vector<double> values;  ///< NaN where a run has none
};

// The union of keys, so that a parameter of one run alone is seen; differing ones first.
std::vector<ParamRow> compare_params(const std::vector<RunDetail>& runs) {
  std::map<std::string, ParamRow> rows;
  for (size_t i = 0; i < runs.size(); ++i)
    for (const auto& param : runs[i].params) {
      ParamRow& row = rows[param.key];
      row.key = param.key;
      row.values.resize(runs.size());
      row.values[i] = param.value;
    }
  std::vector<ParamRow> sorted;
  for (auto& [key, row] : rows) {
    row.differs =
        std::any_of(row.values.begin(), row.values.end(), [&](const Json& v) { return v != row.values[0]; });
    sorted.push_back(std::move(row));
  }
  std::stable_partition(sorted.begin(), sorted.end(), [](const ParamRow& row) { return row.differs; });
  return sorted;
}

std::vector<MetricRow> compare_metrics(const std::vector<RunDetail>& runs, bool best) {
  std::map<std::string, MetricRow> rows;
  for (size_t i = 0; i < runs.size(); ++i)
    for (const auto& metric : runs[i].metrics) {
      MetricRow& row = rows[metric.name];
      row.name = metric.name;
      row.unit = metric.unit;
      row.goal = metric.goal;
      row.values.resize(runs.size(), std::numeric_limits<double>::quiet_NaN());
      row.values[i] = !best || metric.goal.empty() ? metric.last
                      : metric.goal == "min"       ? metric.low
                                                   : metric.high;
    }
  std::vector<MetricRow> sorted;
  for (auto& [name, row] : rows) sorted.push_back(std::move(row));
  return sorted;
}

class CompareVerb : public HistoryVerb {
 public:
  std::string name() const override { return "compare"; }
  std::string summary() const override { return "Compare runs; the first is the baseline"; }
  std::string examples() const override {
    return "  conclave-history compare 12 15\n  conclave-history compare 12 15 16 --value best --all-params";
  }
  void declare(Options& options) override {
    options.positional("runs", references_, "Two or more runs").required();
    options.add("value", value_, "The last value of a metric, or the best by its goal")
        .choices({"last", "best"});
    options.add("all-params", all_params_, "Also parameters that are the same in all runs");
  }
  int run(Invocation& call) override {
    require<UsageError>(references_.size() >= 2, "RUNS: two or more are wanted, {} is given",
                        references_.size());
    const Store store = open_store(call);
    std::vector<RunDetail> runs;
    for (const auto& reference : references_) runs.push_back(store.show(store.find(reference)));
    const auto params = compare_params(runs);
    const auto metrics = compare_metrics(runs, value_ == "best");
    call.json() ? call.out().write(json(runs, params, metrics)) : print(runs, params, metrics);
    return 0;
  }

 private:
  Json json(const std::vector<RunDetail>& runs, const std::vector<ParamRow>& params,
            const std::vector<MetricRow>& metrics) const {
    Json all{{"runs", Json::array()}, {"params", Json::array()}, {"metrics", Json::array()}};
    for (const auto& run : runs) all["runs"].push_back(to_json(static_cast<const RunSummary&>(run)));
    for (const auto& row : params)
      all["params"].push_back({{"key", row.key}, {"values", row.values}, {"differs", row.differs}});
    for (const auto& row : metrics) {
      Json line{{"name", row.name}, {"unit", row.unit}, {"goal", row.goal}, {"value", value_}};
      for (const double v : row.values) {
        line["values"].push_back(number_to_json(v));
        line["deltas"].push_back(number_to_json(v - row.values[0]));
      }
      all["metrics"].push_back(std::move(line));
    }
    return all;
  }

  void print(const std::vector<RunDetail>& runs, const std::vector<ParamRow>& params,
             const std::vector<MetricRow>& metrics) const {
    std::vector<std::string> titles;
    for (const auto& run : runs)
      titles.push_back(fmt::format("{}:{}", run.id, run.name.empty() ? run.app : run.name));

    std::vector<std::string> head{"PARAMETER"};
    head.insert(head.end(), titles.begin(), titles.end());
    Table settings(head);
    size_t same = 0;
    for (const auto& row : params) {
      same += row.differs ? 0 : 1;
      if (!row.differs && !all_params_) continue;
      std::vector<std::string> cells{row.key};
      for (const Json& value : row.values) cells.push_back(value.is_null() ? "-" : value_text(value));
      settings.add(std::move(cells));
    }
    fmt::print("{}", settings.text());
    if (!all_params_ && same > 0) fmt::print("({} more are the same; --all-params shows them)\n", same);

    head[0] = "METRIC";
    std::vector<size_t> right;
    std::vector<std::string> columns{"METRIC", titles[0]};
    for (size_t i = 1; i < titles.size(); ++i) columns.insert(columns.end(), {titles[i], "DELTA"});
    for (size_t i = 1; i < columns.size(); ++i) right.push_back(i);
    Table results(columns, right);
    for (const auto& row : metrics) {
      std::vector<std::string> cells{row.goal.empty() ? row.name
                                                      : fmt::format("{} ({})", row.name, row.goal)};
      for (size_t i = 0; i < row.values.size(); ++i) {
        const double value = row.values[i], delta = value - row.values[0];
        cells.push_back(runs[i].metric(row.name) ? number_text(value) : "-");
        if (i > 0) cells.push_back(delta == delta ? delta_text(delta) : "-");
      }
      results.add(std::move(cells));
    }
    fmt::print("\n{}", results.text());
  }

  std::vector<std::string> references_;
  std::string value_ = "last";
  bool all_params_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_compare_verb() {
  return std::make_unique<CompareVerb>();
}

}  // namespace conclave
