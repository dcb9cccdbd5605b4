/// Which learner a verb uses, from the words of a command line.
#pragma once

#include <string>
#include <vector>

#include "apps/common/options.h"

namespace conclave {

class LearnerFlags {
 public:
  void declare(Options& options);
  /// For stream::make_learner. UsageError.
  Json config() const;
  /// Whether the label is a number to predict.
  bool regression() const;

 private:
  std::string learner_ = "moe", task_ = "auto";
  std::vector<std::string> set_;
  int64_t memory_ = 0;
};

}  // namespace conclave
