// conclave-history export: curves, routing and parameters for other programs, whole runs for MLflow and
// TensorBoard.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/history/exchange/foreign_run.h"
#include "framework/history/record.h"

namespace conclave {
namespace {

// Rows of one shape, as CSV or as JSON lines.
class Rows {
 public:
  Rows(bool csv, std::vector<std::string> columns) : csv_(csv), columns_(std::move(columns)) {
    if (csv_) text_ = fmt::format("{}\n", fmt::join(columns_, ","));
  }
  void add(const std::vector<Json>& values) {
    if (!csv_) {
      Json line = Json::object();
      for (size_t i = 0; i < columns_.size(); ++i) line[columns_[i]] = values[i];
      text_ += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      return;
    }
    for (size_t i = 0; i < values.size(); ++i) text_ += (i > 0 ? "," : "") + csv_field(value_text(values[i]));
    text_ += "\n";
  }
  const std::string& text() const { return text_; }

 private:
  bool csv_;
  std::vector<std::string> columns_;
  std::string text_;
};

class ExportVerb : public HistoryVerb {
 public:
  std::string name() const override { return "export"; }
  std::string summary() const override {
    return "Write metrics, routing or parameters as CSV or JSON lines, or runs for other programs";
  }
  std::string examples() const override {
    return "  conclave-history export last > curves.csv\n"
           "  conclave-history export 12 15 --format mlflow --output mlruns\n"
           "  conclave-history export --all --format tensorboard --output runs\n"
           "  conclave-history export 12 15 --metrics loss --format json\n"
           "  conclave-history export 12 --what routing --split eval --output routing.csv";
  }
  void declare(Options& options) override {
    options.positional("runs", references_, "Runs to export");
    options.add("all", all_, "Every run that is not in the bin");
    options.add("what", what_, "What to export").choices({"metrics", "routing", "params"});
    options.add("metrics", metrics_, "Only these metrics");
    options.add("split", split_, "Split of the routing (default: every one there is)");
    options.add("format", format_, "csv, json for JSON lines, or a store of another program")
        .choices({"csv", "json", "mlflow", "tensorboard"});
    options.add("output", output_, "File to write instead of stdout; the folder for mlflow and tensorboard");
  }
  int run(Invocation& call) override {
    require<UsageError>(all_ != !references_.empty(), "RUNS or --all is wanted");
    const Store store = open_store(call);
    std::vector<int64_t> runs;
    for (const auto& reference : references_) runs.push_back(store.find(reference));
    if (all_)
      for (const auto& run : store.list({}, std::vector<std::string>())) runs.push_back(run.id);
    if (format_ == "mlflow" || format_ == "tensorboard") {
      require<UsageError>(!output_.empty(), "--output: a folder is wanted for --format {}", format_);
      for (const int64_t run : runs)
        (format_ == "mlflow" ? export_mlflow : export_tensorboard)(store, run, output_);
      log_info("{} runs are in {}", runs.size(), output_.string());
      return 0;
    }
    const bool csv = format_ == "csv" && !call.json();
    Rows rows(csv, columns());
    for (const int64_t id : runs) {
      const RunDetail run = store.show(id);
      if (what_ == "metrics") add_metrics(store, run, rows);
      if (what_ == "routing") add_routing(store, run, rows);
      if (what_ == "params")
        for (const auto& p : run.params) rows.add({run.id, p.key, p.value, p.source});
    }
    if (output_.empty())
      fmt::print("{}", rows.text());
    else
      write_file(output_, rows.text());
    return 0;
  }

 private:
  std::vector<std::string> columns() const {
    if (what_ == "metrics") return {"run", "metric", "step", "seconds", "value"};
    if (what_ == "params") return {"run", "key", "value", "source"};
    return {"run", "split", "step", "site", "modality", "expert", "tokens", "count", "prob_sum", "dropped"};
  }

  void add_metrics(const Store& store, const RunDetail& run, Rows& rows) const {
    for (const auto& name : metrics_)
      require<UsageError>(run.metric(name) != nullptr, "--metrics: run {} has no metric '{}'", run.id, name);
    for (const auto& metric : run.metrics) {
      if (!metrics_.empty() && std::find(metrics_.begin(), metrics_.end(), metric.name) == metrics_.end())
        continue;
      const Series series = store.series(run.id, metric.name);
      for (size_t i = 0; i < series.size(); ++i)
        rows.add({run.id, metric.name, series.steps[i], std::round(series.seconds[i] * 1000.0) / 1000,
                  number_to_json(series.values[i])});
    }
  }

  void add_routing(const Store& store, const RunDetail& run, Rows& rows) const {
    const auto splits = store.routing_splits(run.id);
    require<UsageError>(split_.empty() || std::ranges::find(splits, split_) != splits.end(),
                        "--split {}: run {} recorded routing of {}", split_, run.id,
                        splits.empty() ? "nothing" : fmt::format("{}", fmt::join(splits, ", ")));
    for (const std::string& split : splits) {
      if (!split_.empty() && split != split_) continue;
      for (const int64_t step : store.routing_steps(run.id, split))
        for (const RoutingRow& row : store.routing(run.id, split, step))
          for (size_t e = 0; e < row.counts.size(); ++e)
            rows.add({run.id, split, step, row.site, row.modality, e, row.tokens, row.counts[e],
                      e < row.prob_sums.size() ? Json(row.prob_sums[e]) : Json(""),
                      e < row.dropped.size() ? row.dropped[e] : 0});
    }
  }

  std::vector<std::string> references_, metrics_;
  std::string what_ = "metrics", split_, format_ = "csv";
  std::filesystem::path output_;
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_export_verb() {
  return std::make_unique<ExportVerb>();
}

}  // namespace conclave
