/// Single trees that change what they have grown.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

/// Hoeffding adaptive tree.
LearnerPtr make_hat(ConfigObject& c, const LearnerContext& context);
/// Extremely fast decision tree.
LearnerPtr make_efdt(ConfigObject& c, const LearnerContext& context);

}  // namespace conclave::stream
