#include "framework/history/alerts.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "framework/base/error.h"

namespace conclave {
namespace {

// Experts of each site that got nothing from step `from` on.
std::map<std::string, std::vector<size_t>> dead_experts(const Store& store, int64_t run,
                                                        const std::string& split,
                                                        const std::vector<int64_t>& steps, int64_t from) {
  std::map<std::string, std::vector<uint64_t>> counts;
  for (auto step = steps.rbegin(); step != steps.rend() && *step >= from; ++step)
    for (const RoutingRow& row : store.routing(run, split, *step)) {
      auto& sums = counts[row.site];
      if (sums.size() < row.counts.size()) sums.resize(row.counts.size());
      for (size_t e = 0; e < row.counts.size(); ++e) sums[e] += row.counts[e];
    }
  std::map<std::string, std::vector<size_t>> dead;
  for (const auto& [site, sums] : counts)
    for (size_t e = 0; e < sums.size(); ++e)
      if (sums[e] == 0) dead[site].push_back(e);
  return dead;
}

bool is_going_on(const RunSummary& run) {
  return run.status == "running" || run.status == "queued";
}

// The same for a loss that stays NaN, though its step grows: its first word is its name.
std::string identity(const Alert& alert) {
  const std::string what =
      alert.kind == "dead expert" ? alert.text : alert.text.substr(0, alert.text.find(' '));
  return fmt::format("{} {} {}", alert.run, alert.kind, what);
}

}  // namespace

std::vector<Alert> find_alerts(const Store& store, const RunSummary& run, const AlertLimits& limits,
                               const std::string& split) {
  std::vector<Alert> alerts;
  for (const auto& metric : run.metrics) {
    const bool matters = !metric.goal.empty() || metric.name.find("loss") != std::string::npos;
    if (matters && !std::isfinite(metric.last))
      alerts.push_back(
          {"not finite", run.id, fmt::format("{} is {} at step {}", metric.name, metric.last, metric.step)});
  }
  if (const auto steps = store.routing_steps(run.id, split);
      !steps.empty() && steps.back() - steps.front() >= limits.dead_steps) {
    const int64_t from = steps.back() - limits.dead_steps;
    for (const auto& [site, experts] : dead_experts(store, run.id, split, steps, from))
      alerts.push_back(
          {"dead expert", run.id,
           fmt::format("{} of {} got no token for {} steps: {}",
                       experts.size() == 1 ? "an expert" : fmt::format("{} experts", experts.size()), site,
                       limits.dead_steps, fmt::join(experts, ", "))});
  }
  if (run.status == "lost") alerts.push_back({"lost", run.id, "its process is gone without an end"});
  return alerts;
}

std::vector<Alert> find_disk_alerts(const Store& store, const AlertLimits& limits) {
  std::error_code failure;
  const auto folder = std::filesystem::absolute(store.path()).parent_path();
  const auto space = std::filesystem::space(folder, failure);
  if (failure || space.available >= static_cast<uintmax_t>(limits.free_bytes)) return {};
  return {{"disk", 0,
           fmt::format("{}: only {:.1f} GB are free", folder.string(),
                       static_cast<double>(space.available) / 1e9)}};
}

Json alert_json(const Alert& alert, const Store& store) {
  return {{"alert", alert.kind},
          {"run", alert.run},
          {"text", alert.text},
          {"history", std::filesystem::absolute(store.path()).string()}};
}

std::vector<Alert> AlertWatch::look(const Store& store, const std::vector<RunSummary>& runs) {
  now_ = find_disk_alerts(store, limits_);
  for (const auto& run : runs) {
    if (is_going_on(run)) seen_running_.insert(run.id);
    if (!seen_running_.contains(run.id)) continue;
    for (auto& alert : find_alerts(store, run, limits_)) now_.push_back(std::move(alert));
  }
  std::vector<Alert> fresh;
  for (const auto& alert : now_)
    if (told_.insert(identity(alert)).second) fresh.push_back(alert);
  return fresh;
}

std::vector<Alert> AlertWatch::look(const Store& store) {
  RunFilter filter;
  filter.status = "running";
  auto runs = store.list(filter);
  std::set<int64_t> going_on;
  for (const auto& run : runs) going_on.insert(run.id);
  for (const int64_t id : std::exchange(went_on_, going_on))
    if (!going_on.contains(id)) try {
        runs.push_back(store.show(id));
      } catch (const Error&) {  // removed meanwhile
      }
  return look(store, runs);
}

}  // namespace conclave
