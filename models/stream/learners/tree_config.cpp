#include "models/stream/learners/tree_config.h"

#include "models/stream/base/settings.h"

namespace conclave::stream {

TreeOptions tree_options(ConfigObject& c, TreeOptions o) {
  o.grace_period = positive(c, "grace_period", o.grace_period);
  o.split_confidence = fraction(c, "split_confidence", o.split_confidence);
  o.tie_threshold = real_in(c, "tie_threshold", o.tie_threshold, 0, 1e6);
  const auto leaf = c.one_of("leaf", {"nb-adaptive", "naive-bayes", "majority"});
  o.leaf = leaf == "majority"      ? LeafVote::majority
           : leaf == "naive-bayes" ? LeafVote::naive_bayes
                                   : LeafVote::nb_adaptive;
  o.pre_prune = c.get("pre_prune", o.pre_prune);
  o.binary_splits = c.get("binary_splits", o.binary_splits);
  o.split_points = integer_in(c, "split_points", o.split_points, 1, 16);
  o.max_bytes = static_cast<size_t>(c.get_integer("memory", static_cast<int64_t>(o.max_bytes), 1 << 16));
  return o;
}

}  // namespace conclave::stream
