#include "models/stream/regression/regression_tree_config.h"

namespace conclave::stream {

RegressionTreeOptions regression_tree_options(ConfigObject& c, RegressionTreeOptions o) {
  const auto positive = [&](const char* key, double fallback) {
    const double value = c.get(key, fallback);
    require<UsageError>(value > 0, "{} = {} must be above 0", c.name(key), value);
    return value;
  };
  o.grace_period = positive("grace_period", o.grace_period);
  o.split_confidence = positive("split_confidence", o.split_confidence);
  require<UsageError>(o.split_confidence < 1, "{} = {} is not below 1", c.name("split_confidence"),
                      o.split_confidence);
  o.tie_threshold = c.get("tie_threshold", o.tie_threshold);
  const auto leaf = c.get<std::string>("leaf", o.leaf == LeafModel::mean     ? "mean"
                                               : o.leaf == LeafModel::linear ? "linear"
                                                                             : "adaptive");
  require<UsageError>(leaf == "mean" || leaf == "linear" || leaf == "adaptive",
                      "{} = {} is none of mean, linear, adaptive", c.name("leaf"), leaf);
  o.leaf = leaf == "mean" ? LeafModel::mean : leaf == "linear" ? LeafModel::linear : LeafModel::adaptive;
  o.bins = static_cast<int>(c.get_integer("bins", o.bins, 2));
  require<UsageError>(o.bins <= 4096, "{} = {} is above 4096", c.name("bins"), o.bins);
  o.learning_ratio = c.get("learning_ratio", o.learning_ratio);
  o.learning_ratio_decay = c.get("learning_ratio_decay", o.learning_ratio_decay);
  o.watch = c.get("change_detection", o.watch);
  o.page_hinckley_alpha = c.get("page_hinckley_alpha", o.page_hinckley_alpha);
  o.page_hinckley_threshold = positive("page_hinckley_threshold", o.page_hinckley_threshold);
  o.alternate_fading = c.get("alternate_fading", o.alternate_fading);
  o.alternate_t_min = c.get("alternate_t_min", o.alternate_t_min);
  o.alternate_time = c.get("alternate_time", o.alternate_time);
  o.max_bytes = static_cast<size_t>(c.get_integer("memory", static_cast<int64_t>(o.max_bytes), 1 << 16));
  return o;
}

}  // namespace conclave::stream
