/// A run on disk: what it is, where it stands, and a hash over both.
#pragma once

#include <filesystem>

#include "framework/base/json.h"
#include "models/stream/eval/run.h"

namespace conclave::stream {

/// Version of the format; learners change theirs with it.
constexpr int kSnapshotVersion = 3;

struct Snapshot {
  Json about;         ///< what the run was told, in the caller's words
  std::string state;  ///< of the run and its learner
};

/// Bytes of the run's state and its learner.
std::string save_state(RunState& state, Learner& learner);
/// The other way round; DataError (naming `name`) when they do not fit the learner.
void load_state(std::string_view bytes, const std::string& name, RunState& state, Learner& learner);

/// Writes to a temporary name and renames: a crash leaves the old file or the new one.
void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot);
/// DataError for a file that is no snapshot, from another version, cut off or with a changed byte.
Snapshot read_snapshot(const std::filesystem::path& file);
/// The same of bytes.
Snapshot parse_snapshot(std::string_view bytes, const std::string& name);

}  // namespace conclave::stream
