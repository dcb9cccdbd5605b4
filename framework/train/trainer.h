/// The training loop: accumulate, clip, update, evaluate, save, resume. It knows no application and no
/// history; both listen through callbacks.
#pragma once

#include <memory>

#include "framework/train/checkpoint.h"
#include "framework/train/data_order.h"
#include "framework/train/early_stop.h"
#include "framework/train/ema.h"
#include "framework/train/running_means.h"
#include "framework/train/train_options.h"
#include "framework/train/train_task.h"

namespace conclave {

/// What one step did.
struct StepReport {
  int64_t step = 0;  ///< updates made so far, this one included
  double loss = 0;   ///< mean over the accumulation
  double rate = 0;
  double gradient_norm = 0;  ///< before clipping
  bool skipped = false;      ///< the loss or a gradient was not finite: no update
  double epoch = 0;
  double seconds = 0;
  Metrics metrics;  ///< of the task
  Metrics means;    ///< running means of the metrics and of "loss"
};

/// All optional.
struct TrainCallbacks {
  std::function<void(const StepReport&)> on_step;
  std::function<void(int64_t step, const Metrics&, bool best)> on_evaluation;
  std::function<void(int64_t step, const std::filesystem::path&)> on_checkpoint;
  /// Puts files of the application into a checkpoint before it appears.
  std::function<void(const std::filesystem::path&)> add_files;
  std::function<bool()> should_stop;  ///< asked before each step; true saves and ends
};

enum class TrainEnd { finished, stopped, out_of_patience };

struct TrainResult {
  TrainEnd end = TrainEnd::finished;
  int64_t step = 0;
  Metrics evaluation;  ///< the last one
  std::optional<double> best;
  std::optional<int64_t> best_step;
};

class Trainer {
 public:
  /// `task` outlives the trainer. Throws UsageError for a model that cannot be trained.
  Trainer(TrainTask& task, TrainOptions options, TrainCallbacks callbacks = {});

  /// Takes up the newest sound checkpoint of the folder; false when there is none. What follows is, bit for
  /// bit, what the unbroken run would have done. A damaged checkpoint (cut short, misshapen, with values that
  /// are not finite) is set aside with a warning. Throws DataError when no sound one is left, UsageError when
  /// it is of another seed or data size.
  bool resume();
  /// Trains up to options.steps updates. Throws Error for weights that are no longer finite, before they are
  /// saved, and for more than options.max_bad_steps bad steps in a row.
  TrainResult run();

  int64_t step() const { return step_; }
  Ema* ema() { return ema_.get(); }

 private:
  StepReport one_step();
  bool evaluate();
  void require_finite();
  void save();
  void load(int64_t step);

  TrainTask& task_;
  TrainOptions options_;
  TrainCallbacks callbacks_;
  AdamW optimizer_;
  std::unique_ptr<Ema> ema_;
  DataOrder order_;
  EarlyStop watch_;
  TrainingCheckpoints checkpoints_;
  RunningMeans means_;
  Metrics evaluation_;
  int64_t step_ = 0, saved_step_ = -1;
  int bad_steps_ = 0;  // in a row
  bool resumed_ = false;
};

}  // namespace conclave
