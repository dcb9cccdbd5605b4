/// Ensembles of Hoeffding trees in which each member learns what those before it get wrong, and one that is
/// renewed chunk by chunk.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

/// Online boosting (Oza and Russell, 2001).
LearnerPtr make_oza_boost(ConfigObject& c, const LearnerContext& context);
/// Online smooth boosting (Chen, Lin and Lu, 2012).
LearnerPtr make_smooth_boost(ConfigObject& c, const LearnerContext& context);
/// Online accuracy updated ensemble (Brzezinski and Stefanowski, 2014).
LearnerPtr make_oaue(ConfigObject& c, const LearnerContext& context);

}  // namespace conclave::stream
