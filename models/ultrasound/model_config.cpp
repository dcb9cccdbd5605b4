#include "models/ultrasound/model_config.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "framework/base/config_object.h"

namespace conclave::ultrasound {
namespace {

constexpr int64_t kMaxSide = 1024, kMaxWidth = 2048, kMaxLevels = 6, kMaxBlocks = 16, kMaxLatent = 64;

int64_t integer_between(ConfigObject& config, const char* key, int64_t fallback, int64_t low, int64_t high) {
  const int64_t value = config.get_integer(key, fallback, low);
  require<UsageError>(value <= high, "{} = {}: must be from {} to {}", config.name(key), value, low, high);
  return value;
}

FieldConfig parse_field(const std::string& name, const Json& json, const std::string& path) {
  require<UsageError>(json.is_array() && json.size() >= 2, "{} must list at least two values", path);
  FieldConfig field{name, {}};
  for (const auto& value : json) {
    require<UsageError>(value.is_string(), "{} has {}: values are strings", path, value.dump());
    field.values.push_back(value.get<std::string>());
  }
  return field;
}

TaskConfig parse_task(const Json& json, const std::string& path, int64_t multiple) {
  ConfigObject config(json, path);
  TaskConfig task;
  task.name = config.need<std::string>("name");
  task.height = integer_between(config, "height", 0, multiple, kMaxSide);
  task.width = integer_between(config, "width", 0, multiple, kMaxSide);
  require<UsageError>(task.height % multiple == 0 && task.width % multiple == 0,
                      "{}: {} x {} are not multiples of {}", path, task.width, task.height, multiple);
  for (const auto& [name, values] : config.part("fields").items())
    task.fields.push_back(parse_field(name, values, config.name("fields") + "." + name));
  task.latent = integer_between(config, "latent", task.latent, 0, kMaxLatent);
  config.finish();
  return task;
}

}  // namespace

const FieldConfig& TaskConfig::field(const std::string& wanted) const {
  const auto found = std::ranges::find(fields, wanted, &FieldConfig::name);
  require<UsageError>(found != fields.end(), "task {} has no field {}", name, wanted);
  return *found;
}

int64_t ModelConfig::task(const std::string& name) const {
  const auto found = std::ranges::find(tasks, name, &TaskConfig::name);
  if (found != tasks.end()) return found - tasks.begin();
  std::vector<std::string> names;
  for (const auto& task : tasks) names.push_back(task.name);
  throw UsageError(fmt::format("the model knows no '{}', only {}", name, fmt::join(names, ", ")));
}

ModelConfig parse_model_config(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  ModelConfig model;
  model.widths = config.need<std::vector<int64_t>>("widths");
  model.groups = integer_between(config, "groups", model.groups, 1, kMaxWidth);
  model.blocks = integer_between(config, "blocks", model.blocks, 0, kMaxBlocks);
  model.heads = integer_between(config, "heads", model.heads, 1, kMaxWidth);
  model.dropout = config.get("dropout", model.dropout);
  model.mixing = config.part("mixing");
  const auto levels = static_cast<int64_t>(model.widths.size());
  require<UsageError>(levels >= 2 && levels <= kMaxLevels, "{} must have 2 to {} entries",
                      config.name("widths"), kMaxLevels);
  for (const int64_t width : model.widths)
    require<UsageError>(width > 0 && width <= kMaxWidth && width % model.groups == 0,
                        "{} has {}: must be a multiple of {} groups and at most {}", config.name("widths"),
                        width, model.groups, kMaxWidth);
  require<UsageError>(model.dropout >= 0 && model.dropout < 1, "{} = {}: must be from 0 to below 1",
                      config.name("dropout"), model.dropout);
  const Json& tasks = config.part("tasks");
  require<UsageError>(tasks.is_array() && !tasks.empty(), "{} must list at least one task",
                      config.name("tasks"));
  for (size_t i = 0; i < tasks.size(); ++i)
    model.tasks.push_back(
        parse_task(tasks[i], fmt::format("{}[{}]", config.name("tasks"), i), int64_t{1} << levels));
  config.finish();
  return model;
}

}  // namespace conclave::ultrasound
