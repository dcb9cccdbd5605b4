/// Running means of what a run measures at every step, for people to look at.
#pragma once

#include <map>
#include <string>

#include "framework/base/json.h"
#include "framework/train/train_task.h"

namespace conclave {

/// Exponential means, corrected for their beginning as Adam's moments are (arXiv 1412.6980, section 3): the
/// first value is the first mean, and weighs no more than any other later on.
class RunningMeans {
 public:
  /// `decay` 0.98 looks back on some fifty values.
  explicit RunningMeans(double decay = 0.98) : decay_(decay) {}
  /// Values that are not finite are left out.
  void add(const std::string& name, double value);
  Metrics means() const;

  Json state() const;
  void restore(const Json& state);

 private:
  struct Mean {
    double sum = 0, weight = 0;
  };
  double decay_;
  std::map<std::string, Mean> all_;
};

}  // namespace conclave
