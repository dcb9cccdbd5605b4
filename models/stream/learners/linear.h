/// Linear classifiers alone.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

/// Multinomial logistic regression, the expert of the mixture.
LearnerPtr make_linear(ConfigObject& c, const LearnerContext& context);
/// A sigmoid unit per class, trained by the delta rule for squared errors.
LearnerPtr make_perceptron(ConfigObject& c, const LearnerContext& context);

}  // namespace conclave::stream
