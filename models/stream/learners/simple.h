/// Learners without an ensemble around them.
#pragma once

#include "models/stream/learners/learner.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {

LearnerPtr make_tree_learner(const TreeOptions& options, const LearnerContext& context);
/// Naive Bayes over all rows so far.
LearnerPtr make_naive_bayes(const LearnerContext& context);
/// The most frequent class.
LearnerPtr make_majority(const LearnerContext& context);
/// The class of the row before: what kappa-T compares with.
LearnerPtr make_no_change(const LearnerContext& context);

}  // namespace conclave::stream
