/// Which runs to list, and how people write it: `app:vqa acc>0.9 tag:paper lr:0.001 words`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conclave {

struct MetricCondition {
  std::string name;
  std::string op;  ///< "<", "<=", ">", ">=", "="
  double value = 0;
};
struct ParamCondition {
  std::string key, value;
};

/// All conditions hold together; empty ones do not count.
struct RunFilter {
  std::string app, verb, status, experiment, parent;
  std::vector<std::string> tags;
  std::vector<MetricCondition> metrics;  ///< on the last value
  std::vector<ParamCondition> params;
  std::vector<std::string> words;  ///< beginnings of words in names, notes, tags, parameters
  int64_t started_after_ms = 0, started_before_ms = 0;
  int64_t finished_after_ms = 0, finished_before_ms = 0;
  bool deleted = false;  ///< the bin instead of what is not in it
  int64_t limit = -1, offset = 0;
};

/// app: verb: status: experiment: tag: parent: name that column, another `key:value` a parameter,
/// `name>value` a metric; the rest are words. A word "in quotes" may hold blanks. UsageError when a metric's
/// value is no number.
RunFilter parse_filter(const std::string& text);

}  // namespace conclave
