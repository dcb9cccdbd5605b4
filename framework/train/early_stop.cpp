#include "framework/train/early_stop.h"

#include <cmath>

namespace conclave {

bool EarlyStop::observe(int64_t step, double value) {
  const bool better = std::isfinite(value) &&
                      (!best_ || (maximize_ ? value > *best_ + min_delta_ : value < *best_ - min_delta_));
  stale_ = better ? 0 : stale_ + 1;
  if (better) {
    best_ = value;
    best_step_ = step;
  }
  return better;
}

Json EarlyStop::state() const {
  Json state = {{"stale", stale_}};
  if (best_) {
    state["best"] = *best_;
    state["best_step"] = *best_step_;
  }
  return state;
}

void EarlyStop::restore(const Json& state) {
  stale_ = state.at("stale").get<int64_t>();
  if (state.contains("best")) {
    best_ = state.at("best").get<double>();
    best_step_ = state.at("best_step").get<int64_t>();
  }
}

}  // namespace conclave
