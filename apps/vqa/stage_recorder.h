/// What is seen of a stage while it trains: the progress line, and in the history the mean of every interval.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "apps/common/verb.h"
#include "apps/vqa/recipe.h"
#include "framework/base/progress.h"
#include "framework/train/trainer.h"
#include "models/vlm/vlm_task.h"

namespace conclave {

class StageRecorder {
 public:
  /// Steps are counted from 0 in each stage, but for routing from `first_step`: all stages are one split
  /// there. `routed` may be null.
  StageRecorder(Invocation& call, const RecipeStage& stage, int64_t first_step, VlmTask* routed);
  /// Records what has not been recorded yet.
  ~StageRecorder();

  void go_on_from(int64_t step);
  void on_step(const StepReport& report);
  void on_evaluation(int64_t step, const Metrics& metrics, bool best);

 private:
  struct Sum {
    double total = 0;
    int64_t count = 0;
  };
  void add(const std::string& name, double value);
  void tell_skipped(const StepReport& report);
  void record();

  Invocation& call_;
  const std::string stage_;
  const bool averaged_;  // what is evaluated
  const int64_t first_step_;
  VlmTask* const routed_;
  Progress progress_;
  std::map<std::string, Sum> sums_;  // of the interval
  double rate_ = 0;
  int64_t step_ = 0, recorded_ = -1;
  int skipped_ = 0;
};

}  // namespace conclave
