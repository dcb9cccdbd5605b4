#include "models/stream/regression/regression_tree_config.h"

#include "models/stream/base/settings.h"

namespace conclave::stream {

RegressionTreeOptions regression_tree_options(ConfigObject& c, RegressionTreeOptions o) {
  o.grace_period = positive(c, "grace_period", o.grace_period);
  o.split_confidence = fraction(c, "split_confidence", o.split_confidence);
  o.tie_threshold = real_in(c, "tie_threshold", o.tie_threshold, 0, 1e6);
  const auto leaf = c.get<std::string>("leaf", o.leaf == LeafModel::mean     ? "mean"
                                               : o.leaf == LeafModel::linear ? "linear"
                                                                             : "adaptive");
  require<UsageError>(leaf == "mean" || leaf == "linear" || leaf == "adaptive",
                      "{} = {} is none of mean, linear, adaptive", c.name("leaf"), leaf);
  o.leaf = leaf == "mean" ? LeafModel::mean : leaf == "linear" ? LeafModel::linear : LeafModel::adaptive;
  o.bins = integer_in(c, "bins", o.bins, 2, 4096);
  o.learning_ratio = positive(c, "learning_ratio", o.learning_ratio, 1000);
  o.learning_ratio_decay = real_in(c, "learning_ratio_decay", o.learning_ratio_decay, 0, 1000);
  o.watch = c.get("change_detection", o.watch);
  o.page_hinckley_alpha = real_in(c, "page_hinckley_alpha", o.page_hinckley_alpha, 0, 1e6);
  o.page_hinckley_threshold = positive(c, "page_hinckley_threshold", o.page_hinckley_threshold);
  o.alternate_fading = positive(c, "alternate_fading", o.alternate_fading, 1);
  o.alternate_t_min = positive(c, "alternate_t_min", o.alternate_t_min);
  o.alternate_time = positive(c, "alternate_time", o.alternate_time);
  o.max_bytes = static_cast<size_t>(c.get_integer("memory", static_cast<int64_t>(o.max_bytes), 1 << 16));
  return o;
}

}  // namespace conclave::stream
