/// DriftMoE (arXiv 2507.18464): Hoeffding trees under a neural router that is trained along with them.
#pragma once

#include "framework/base/config_object.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

/// Defaults are those of the published system. The last three are deviations from it.
struct DriftMoeOptions {
  int experts = 12;  ///< of the data variant; the task variant has one per class
  int top_k = 3;     ///< experts that learn a row
  int batch = 256;   ///< rows between two steps of the data variant's router
  double rate = 0.002, dropout = 0.2;
  TreeOptions tree;
  bool scale = false;    ///< the router sees inputs of mean 0 and variance 1
  bool vote = false;     ///< experts vote with the router's weights; off: the likeliest one decides alone
  bool replace = false;  ///< an expert whose errors grow is replaced by one warmed up in the background
};

/// MoE-Data: experts for all classes, of which the router chooses those that learn a row.
LearnerPtr make_drift_moe_data(const DriftMoeOptions& options, const LearnerContext& context);
/// MoE-Task: an expert per class, which tells it from the others. As published the router alone decides.
LearnerPtr make_drift_moe_task(const DriftMoeOptions& options, const LearnerContext& context);
/// Either, from a learner's options.
LearnerPtr make_drift_moe(ConfigObject& c, const LearnerContext& context);

}  // namespace conclave::stream
