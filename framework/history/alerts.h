/// What a person should know about a run before it ends.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/history/store.h"

namespace conclave {

struct AlertLimits {
  int64_t dead_steps = 1000;                    ///< an expert without a token for so many steps
  double drop_share = 0.05;                     ///< of a layer's tokens, at every one of
  int64_t drop_steps = 1000;                    ///< so many steps
  int64_t free_bytes = int64_t{2'000'000'000};  ///< of the history's disk
};

struct Alert {
  std::string kind;  ///< "not finite", "dead expert", "dropped tokens", "lost", "disk"
  int64_t run = 0;   ///< 0: of no run
  std::string text;
};

/// Of one run: a loss or a metric with a goal whose last value is not finite, experts that got no token in
/// `split` for `dead_steps` steps, layers that drop more than `drop_share` of what is sent to their experts
/// for `drop_steps` steps (both only once there are so many), a run that is lost.
std::vector<Alert> find_alerts(const Store& store, const RunSummary& run, const AlertLimits& limits = {},
                               const std::string& split = "train");
/// Of the place where the history lies.
std::vector<Alert> find_disk_alerts(const Store& store, const AlertLimits& limits = {});

/// What programs are told of it: {"alert": kind, "run": number (0: of no run), "text": ..., "history": path}.
Json alert_json(const Alert& alert, const Store& store);

/// Tells each thing once: of the disk, and of runs that were going on at one look at least.
class AlertWatch {
 public:
  explicit AlertWatch(const AlertLimits& limits = {}) : limits_(limits) {}
  /// Looks at these runs; returns what was not there before.
  std::vector<Alert> look(const Store& store, const std::vector<RunSummary>& runs);
  /// Looks at every run that goes on, and at those that have ended since the last look.
  std::vector<Alert> look(const Store& store);
  /// Everything that the last look found.
  const std::vector<Alert>& now() const { return now_; }

 private:
  AlertLimits limits_;
  std::vector<Alert> now_;
  std::set<std::string> told_;
  std::set<int64_t> seen_running_, went_on_;
};

}  // namespace conclave
