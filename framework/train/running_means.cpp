#include "framework/train/running_means.h"

#include <cmath>

namespace conclave {

void RunningMeans::add(const std::string& name, double value) {
  if (!std::isfinite(value)) return;
  Mean& mean = all_[name];
  mean.sum = decay_ * mean.sum + (1 - decay_) * value;
  mean.weight = decay_ * mean.weight + (1 - decay_);
}

Metrics RunningMeans::means() const {
  Metrics means;
  for (const auto& [name, mean] : all_) means[name] = mean.sum / mean.weight;
  return means;
}

Json RunningMeans::state() const {
  Json state = Json::object();
  for (const auto& [name, mean] : all_) state[name] = {mean.sum, mean.weight};
  return state;
}

void RunningMeans::restore(const Json& state) {
  all_.clear();
  for (const auto& [name, mean] : state.items())
    all_[name] = {mean.at(0).get<double>(), mean.at(1).get<double>()};
}

}  // namespace conclave
