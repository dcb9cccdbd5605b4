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
  o.rate = c.get("rate", o.rate);
  o.tree = tree_options(c, o.tree);
  require<UsageError>(o.rate > 0, "{} = {} must be above 0", c.name("rate"), o.rate);
  if (task) {
    o.dropout = c.get("dropout", o.dropout);
    require<UsageError>(o.dropout >= 0 && o.dropout < 1, "{} = {} is not in [0, 1)", c.name("dropout"),
                        o.dropout);
    return make_drift_moe_task(o, context);
  }
  o.experts = static_cast<int>(c.get_integer("experts", o.experts, 1));
  o.top_k = static_cast<int>(c.get_integer("top_k", o.top_k, 1));
  o.batch = static_cast<int>(c.get_integer("batch", o.batch, 1));
  require<UsageError>(o.experts <= 1000, "{} = {} is above 1000", c.name("experts"), o.experts);
  require<UsageError>(o.top_k <= o.experts, "{} = {} is above {} = {}", c.name("top_k"), o.top_k,
                      c.name("experts"), o.experts);
  require<UsageError>(o.batch <= 65536, "{} = {} is above 65536", c.name("batch"), o.batch);
  return make_drift_moe_data(o, context);
}

}  // namespace conclave::stream
