/// Watches one metric: remembers the best step and says when patience is out.
#pragma once

#include <cstdint>
#include <optional>

#include "framework/base/json.h"

namespace conclave {

class EarlyStop {
 public:
  /// `patience` counts evaluations without improvement; 0 never stops.
  EarlyStop(bool maximize, double min_delta, int64_t patience)
      : maximize_(maximize), min_delta_(min_delta), patience_(patience) {}

  /// True when `value` beats the best by more than min_delta; only finite values do.
  bool observe(int64_t step, double value);
  bool out_of_patience() const { return patience_ > 0 && stale_ >= patience_; }
  std::optional<double> best() const { return best_; }
  std::optional<int64_t> best_step() const { return best_step_; }

  Json state() const;
  void restore(const Json& state);

 private:
  bool maximize_;
  double min_delta_;
  int64_t patience_, stale_ = 0;
  std::optional<double> best_;
  std::optional<int64_t> best_step_;
};

}  // namespace conclave
