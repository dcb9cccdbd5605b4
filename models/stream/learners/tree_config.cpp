#include "models/stream/learners/tree_config.h"

namespace conclave::stream {

TreeOptions tree_options(ConfigObject& c, TreeOptions o) {
  o.grace_period = c.get("grace_period", o.grace_period);
  o.split_confidence = c.get("split_confidence", o.split_confidence);
  o.tie_threshold = c.get("tie_threshold", o.tie_threshold);
  const auto leaf = c.one_of("leaf", {"nb-adaptive", "naive-bayes", "majority"});
  o.leaf = leaf == "majority"      ? LeafVote::majority
           : leaf == "naive-bayes" ? LeafVote::naive_bayes
                                   : LeafVote::nb_adaptive;
  o.pre_prune = c.get("pre_prune", o.pre_prune);
  o.binary_splits = c.get("binary_splits", o.binary_splits);
  o.split_points = static_cast<int>(c.get_integer("split_points", o.split_points, 1));
  o.max_bytes = static_cast<size_t>(c.get_integer("memory", static_cast<int64_t>(o.max_bytes), 1 << 16));
  require<UsageError>(o.grace_period > 0, "{} = {} must be above 0", c.name("grace_period"), o.grace_period);
  require<UsageError>(o.split_confidence > 0 && o.split_confidence < 1, "{} = {} is not between 0 and 1",
                      c.name("split_confidence"), o.split_confidence);
  require<UsageError>(o.split_points <= 16, "{} = {} is above 16", c.name("split_points"), o.split_points);
  return o;
}

}  // namespace conclave::stream
