/// What a training that stopped can go on from.
#pragma once

#include <filesystem>
#include <optional>

#include "framework/history/queue.h"

namespace conclave::ui {

struct JobCheckpoint {
  std::filesystem::path folder;
  int64_t stage = 0;  ///< counted from 1; 0: the training has no stages
  int64_t step = 0;
};

/// The newest checkpoint in the --out folder of a job that trains and was cancelled or failed; nullopt where
/// it would begin at the beginning. The same command goes on from it.
std::optional<JobCheckpoint> checkpoint_of(const Job& job);

}  // namespace conclave::ui
