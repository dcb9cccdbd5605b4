/// What every training of conclave-audio shares: settings, the folder of the run, the loop, what is seen of
/// it.
#pragma once

#include <filesystem>
#include <functional>

#include "apps/common/verb.h"
#include "framework/history/store.h"
#include "framework/train/trainer.h"

namespace conclave {

/// Takes --threads and the seed, and the folder of the checkpoints below `out`. Throws UsageError for another
/// device than the CPU, and for a folder that was begun with another recipe.
void prepare_training(TrainOptions& options, const Json& recipe, const std::filesystem::path& out,
                      Invocation& call);

struct TrainingRun {
  Json recipe;
  std::filesystem::path out;
  std::function<std::vector<RoutingRow>()> routing = {};  ///< since it was asked last; may be empty
  std::function<void(const std::filesystem::path&)> add_files = {};  ///< to each checkpoint; may be empty
};

/// Trains with a progress line and a history, from the newest checkpoint on; leaves the averaged weights in
/// the model where the options keep an average. Throws Interrupted when stopped, which saves.
TrainResult run_training(TrainTask& task, const TrainOptions& options, const TrainingRun& run,
                         Invocation& call);

/// Tells of the model that a training has written into `out`.
void tell_trained(const std::filesystem::path& out, Invocation& call);

}  // namespace conclave
