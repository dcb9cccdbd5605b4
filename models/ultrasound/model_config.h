/// What an ultrasound model can be asked: organs (tasks), their picture size and the fields of each.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ultrasound {

struct FieldConfig {
  std::string name;                 ///< "pathology"
  std::vector<std::string> values;  ///< at least two
};

struct TaskConfig {
  std::string name;               ///< "breast", "fetal_head"
  int64_t height = 0, width = 0;  ///< of the canvas that a picture is fitted into
  std::vector<FieldConfig> fields;
  /// Numbers that stand for how a rater draws; 0: every picture has one outline.
  int64_t latent = 0;

  /// Throws UsageError for a field that the task does not have.
  const FieldConfig& field(const std::string& name) const;
};

struct ModelConfig {
  std::vector<TaskConfig> tasks;
  std::vector<int64_t> widths;  ///< channels of each level
  int64_t groups = 8;           ///< of the group norms
  int64_t blocks = 2;           ///< at the bottleneck
  int64_t heads = 4;
  double dropout = 0.1;  ///< before the heads, while training
  Json mixing;           ///< of every block: {"moe": ...} or {"dense": ...}

  /// Index of a task. Throws UsageError that names the known ones.
  int64_t task(const std::string& name) const;
};

/// {"tasks": [{"name", "height", "width", "fields": {"pathology": ["benign", "malignant"]}, "latent"}],
///  "widths": [24, 48, 96, 160], "groups", "blocks", "heads", "dropout", "mixing": {...}}
/// Throws UsageError that names the key.
ModelConfig parse_model_config(const Json& json, const std::string& path = "model");

}  // namespace conclave::ultrasound
