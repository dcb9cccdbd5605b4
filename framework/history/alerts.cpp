#include "framework/history/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "framework/base/error.h"

namespace conclave {
namespace {

// A layer over the last steps, all modalities together.
struct Lately {
  std::vector<uint64_t> slots;    // [expert], since `dead_from`
  double drop_share = 0;          // at the newest step
  bool always_drops_many = true;  // at every step since `drop_from`
};

// What a layer did at one step.
struct AtStep {
  std::vector<uint64_t> slots;
  uint64_t dropped = 0;

  double drop_share() const {
    const auto kept = static_cast<double>(std::accumulate(slots.begin(), slots.end(), uint64_t{0}));
    return dropped == 0 ? 0 : static_cast<double>(dropped) / (kept + static_cast<double>(dropped));
  }
};

void add(std::vector<uint64_t>& sums, std::span<const uint64_t> more) {
  if (sums.size() < more.size()) sums.resize(more.size());
  for (size_t e = 0; e < more.size(); ++e) sums[e] += more[e];
}

std::map<std::string, AtStep> sites_at(const Store& store, int64_t run, const std::string& split,
                                       int64_t step) {
  std::map<std::string, AtStep> sites;
  for (const RoutingRow& row : store.routing(run, split, step)) {
    AtStep& site = sites[row.site];
    add(site.slots, std::vector<uint64_t>(row.counts.begin(), row.counts.end()));
    site.dropped = std::accumulate(row.dropped.begin(), row.dropped.end(), site.dropped);
  }
  return sites;
}

std::map<std::string, Lately> sites_lately(const Store& store, int64_t run, const std::string& split,
                                           const std::vector<int64_t>& steps, const AlertLimits& limits) {
  const int64_t dead_from = steps.back() - limits.dead_steps, drop_from = steps.back() - limits.drop_steps;
  std::map<std::string, Lately> sites;
  for (auto step = steps.rbegin(); step != steps.rend() && *step >= std::min(dead_from, drop_from); ++step)
    for (const auto& [name, at_step] : sites_at(store, run, split, *step)) {
      const auto [site, is_newest] = sites.try_emplace(name);
      const double share = at_step.drop_share();
      if (is_newest) site->second.drop_share = share;
      if (*step >= dead_from) add(site->second.slots, at_step.slots);
      if (*step >= drop_from && share <= limits.drop_share) site->second.always_drops_many = false;
    }
  return sites;
}

std::vector<Alert> routing_alerts(const Store& store, int64_t run, const std::string& split,
                                  const AlertLimits& limits) {
  const auto steps = store.routing_steps(run, split);
  const int64_t passed = steps.empty() ? -1 : steps.back() - steps.front();
  if (passed < std::min(limits.dead_steps, limits.drop_steps)) return {};
  std::vector<Alert> alerts;
  for (const auto& [name, site] : sites_lately(store, run, split, steps, limits)) {
    std::vector<size_t> dead;
    for (size_t e = 0; e < site.slots.size(); ++e)
      if (site.slots[e] == 0) dead.push_back(e);
    if (passed >= limits.dead_steps && !dead.empty())
      alerts.push_back({"dead expert", run,
                        fmt::format("{} of {} got no token for {} steps: {}",
                                    dead.size() == 1 ? "an expert" : fmt::format("{} experts", dead.size()),
                                    name, limits.dead_steps, fmt::join(dead, ", "))});
    if (passed >= limits.drop_steps && site.always_drops_many)
      alerts.push_back(
          {"dropped tokens", run,
           fmt::format("{} drops more than {:g} % of its tokens for {} steps, {:.1f} % at step {}", name,
                       100 * limits.drop_share, limits.drop_steps, 100 * site.drop_share, steps.back())});
  }
  return alerts;
}

bool is_going_on(const RunSummary& run) {
  return run.status == "running" || run.status == "queued";
}

// The same for a loss that stays NaN or a layer that drops, though the step grows: the first word is the
// name.
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
  for (auto& alert : routing_alerts(store, run.id, split, limits)) alerts.push_back(std::move(alert));
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
