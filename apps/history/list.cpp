// conclave-history list: the newest runs, or those that a filter finds.
#include <fmt/format.h>

#include <algorithm>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"

namespace conclave {
namespace {

constexpr size_t kMetricsShown = 3;

class ListVerb : public HistoryVerb {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override { return "List runs, newest first"; }
  std::string examples() const override {
    return "  conclave-history list\n"
           "  conclave-history list app:vqa 'accuracy>0.9' tag:paper\n"
           "  conclave-history list --limit 0 --json";
  }
  void declare(Options& options) override {
    options.positional("filter", filter_,
                       "app: verb: status: tag: experiment:, a parameter as key:value, "
                       "a metric as 'name>value', or words");
    options.add("limit", limit_, "Runs to list; 0 for all").at_least(0);
    options.add("metrics", metrics_, "Metrics to show; otherwise those with a goal, or the first three");
    options.add("bin", bin_, "List what prune has put into the bin");
  }
  int run(Invocation& call) override {
    const auto store = Store::open_existing(call.common().history_path());
    if (!store) {
      log_info("{}: no runs yet", call.common().history_path().string());
      return 0;
    }
    RunFilter filter = parse_filter(fmt::format("{}", fmt::join(filter_, " ")));
    filter.limit = limit_ > 0 ? limit_ : -1;
    filter.deleted = bin_;
    const bool all_metrics = metrics_.empty() || call.json();
    const auto runs = store->list(filter, all_metrics ? std::nullopt : std::optional(metrics_));
    if (call.json()) {
      for (const auto& one : runs) call.out().write(to_json(one));
      return 0;
    }
    Table table({"ID", "STATUS", "APP", "VERB", "NAME", "STARTED", "DURATION", "METRICS", "TAGS"}, {0, 6});
    for (const auto& one : runs)
      table.add({std::to_string(one.id), one.status, one.app, one.verb, one.name, time_text(one.started_ms),
                 duration_text(one.seconds()), metrics(one), fmt::format("{}", fmt::join(one.tags, " "))});
    fmt::print("{}", table.text());
    if (const int64_t all = store->count(filter); all > static_cast<int64_t>(runs.size()))
      log_info("{} of {} runs; --limit 0 lists all", runs.size(), all);
    return 0;
  }

 private:
  std::string metrics(const RunSummary& run) const {
    std::vector<const MetricSummary*> shown;
    if (!metrics_.empty()) {
      for (const auto& name : metrics_)
        if (const auto* metric = run.metric(name)) shown.push_back(metric);
    } else {
      for (const auto& metric : run.metrics) shown.push_back(&metric);
      std::stable_partition(shown.begin(), shown.end(), [](const auto* m) { return !m->goal.empty(); });
      shown.resize(std::min(shown.size(), kMetricsShown));
    }
    std::string text;
    for (const auto* metric : shown)
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", metric->name, number_text(metric->last));
    return text;
  }

  std::vector<std::string> filter_, metrics_;
  int64_t limit_ = 20;
  bool bin_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_list_verb() {
  return std::make_unique<ListVerb>();
}

}  // namespace conclave
