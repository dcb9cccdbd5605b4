/// A learner out of a snapshot, without its stream.
#pragma once

#include "apps/stream/session.h"

namespace conclave {

struct SavedLearner {
  SessionPlan plan;
  stream::Schema schema;  ///< with the classes that came meanwhile
  stream::RunState state;
  stream::LearnerPtr learner;
};

/// DataError for a file that is no snapshot of this version or does not fit.
SavedLearner load_learner(const std::filesystem::path& snapshot, int threads);

}  // namespace conclave
