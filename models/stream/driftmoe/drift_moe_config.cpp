#include "models/stream/base/settings.h"
#include "models/stream/driftmoe/drift_moe.h"
#include "models/stream/learners/tree_config.h"

namespace conclave::stream {

LearnerPtr make_drift_moe(ConfigObject& c, const LearnerContext& context) {
  DriftMoeOptions o;
  o.tree.grace_period = 50;
  o.tree.pre_prune = false;
  const bool task = c.one_of("variant", {"data", "task"}) == "task";
  const bool repaired = c.get("repaired", false);
  o.scale = c.get("scale", repaired);
  o.vote = c.get("vote", repaired);
  o.replace = c.get("replace", repaired);
  o.rate = positive(c, "rate", o.rate, 1000);
  o.tree = tree_options(c, o.tree);
  if (task) {
    o.dropout = c.get("dropout", o.dropout);
    require<UsageError>(o.dropout >= 0 && o.dropout < 1, "{} = {} is not in [0, 1)", c.name("dropout"),
                        o.dropout);
    return make_drift_moe_task(o, context);
  }
  o.experts = integer_in(c, "experts", o.experts, 1, 1000);
  o.top_k = integer_in(c, "top_k", o.top_k, 1, 1000);
  o.batch = integer_in(c, "batch", o.batch, 1, 65536);
  require<UsageError>(o.top_k <= o.experts, "{} = {} is above {} = {}", c.name("top_k"), o.top_k,
                      c.name("experts"), o.experts);
  return make_drift_moe_data(o, context);
}

}  // namespace conclave::stream
