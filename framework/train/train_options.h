/// The settings of a training run.
#pragma once

#include <filesystem>
#include <string>

#include "framework/base/json.h"
#include "framework/train/adamw.h"
#include "framework/train/schedule.h"

namespace conclave {

struct TrainOptions {
  int64_t steps = 1000;
  int64_t batch = 8;       ///< items of a micro-batch
  int64_t accumulate = 1;  ///< micro-batches of a step
  uint64_t seed = 0;
  Schedule schedule;  ///< its `steps` is filled with `steps` when 0
  AdamWOptions optimizer;
  double clip_norm = 1;  ///< largest gradient norm; 0 leaves gradients as they are
  bool bfloat16 = false;
  double ema_decay = 0;    ///< 0 keeps no average
  int max_bad_steps = 10;  ///< steps in a row with a loss or gradient that is not finite, before giving up

  std::filesystem::path folder;  ///< of checkpoints; empty keeps none
  int64_t checkpoint_every = 0;  ///< steps; 0 only at the end and when stopped
  int keep_last = 2;
  int64_t evaluate_every = 0;   ///< steps; 0 only at the end
  std::string metric = "loss";  ///< of evaluate(), decides which checkpoint is best
  bool maximize = false;
  double min_delta = 0;
  int64_t patience = 0;  ///< evaluations without improvement before stopping; 0 never
};

/// Reads them from JSON; docs/training.md lists the keys. Throws UsageError that names the key.
TrainOptions parse_train_options(const Json& config, const std::string& path = "train");

}  // namespace conclave
