#include "models/ultrasound/reader_folder.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/base/file.h"
#include "framework/tensor/fresh.h"
#include "framework/tensor/state.h"

namespace conclave::ultrasound {
namespace {

constexpr const char* kKind = "ultrasound-reader";

Temperatures parse_temperatures(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  Temperatures all;
  for (const auto& [task, fields] : json.items()) {
    ConfigObject of_task(config.part(task), path + "." + task);
    for (const auto& [field, value] : fields.items()) {
      const auto t = of_task.need<double>(field);
      require<UsageError>(t >= 0.01 && t <= 100, "{} = {}: must be from 0.01 to 100", of_task.name(field), t);
      all[task][field] = t;
    }
  }
  return all;
}

}  // namespace

std::vector<Look> parse_looks(const Json& json, const std::string& path) {
  if (json.empty()) return SavedReader().looks;
  require<UsageError>(json.is_array() && json.size() <= 16, "{} must list 1 to 16 looks", path);
  std::vector<Look> looks;
  for (size_t i = 0; i < json.size(); ++i) {
    ConfigObject config(json[i], fmt::format("{}[{}]", path, i));
    Look look;
    look.scale = config.get("scale", look.scale);
    require<UsageError>(look.scale >= 0.5 && look.scale <= 4, "{} = {}: must be from 0.5 to 4",
                        config.name("scale"), look.scale);
    look.mirrored = config.get("mirrored", look.mirrored);
    config.finish();
    looks.push_back(look);
  }
  return looks;
}

Json to_json(const std::vector<Look>& looks) {
  Json all = Json::array();
  for (const auto& look : looks) all.push_back({{"scale", look.scale}, {"mirrored", look.mirrored}});
  return all;
}

double SavedReader::temperature(const std::string& task, const std::string& field) const {
  const auto of_task = temperatures.find(task);
  if (of_task == temperatures.end()) return 1;
  const auto found = of_task->second.find(field);
  return found == of_task->second.end() ? 1 : found->second;
}

SavedReader load_reader(const std::filesystem::path& folder) {
  const auto file = folder / "config.json";
  const Json json = read_json(file);
  SavedReader reader;
  try {
    require<UsageError>(json.is_object() && json.value("kind", Json()) == kKind,
                        "is of no ultrasound reader: its kind is not {}", kKind);
    ConfigObject config(json, "config");
    config.one_of("kind", {kKind});
    reader.name = config.need<std::string>("name");
    reader.model_config = config.part("model");
    reader.training = config.part("training");
    require<UsageError>(reader.training.is_object(), "training is no object");
    reader.looks = parse_looks(config.part("looks"), "looks");
    reader.temperatures = parse_temperatures(config.part("temperatures"), "temperatures");
    reader.known_from = config.get("known_from", reader.known_from);
    config.finish();
    const ShapesOnly no_random_weights;
    reader.model = std::make_shared<ReaderModel>(parse_model_config(reader.model_config));
  } catch (const UsageError& e) {
    throw DataError(file.string(), "", e.what());
  }
  LoadOptions options;
  options.finite = true;
  load_state(*reader.model, Safetensors(folder / "model.safetensors"), options);
  return reader;
}

void write_reader_config(const SavedReader& reader, const std::filesystem::path& folder) {
  const Json json = {{"kind", kKind},
                     {"name", reader.name},
                     {"model", reader.model_config},
                     {"training", reader.training},
                     {"looks", to_json(reader.looks)},
                     {"temperatures", reader.temperatures},
                     {"known_from", reader.known_from}};
  write_file(folder / "config.json", json.dump(2) + "\n");
}

void save_reader(const SavedReader& reader, const std::filesystem::path& folder, bool half) {
  TensorList tensors = state_of(*reader.model);
  for (auto& [name, tensor] : tensors)
    if (half && tensor.is_floating_point()) tensor = tensor.detach().to(at::kHalf);
  save_safetensors(folder / "model.safetensors", tensors, {{"name", reader.name}});
  write_reader_config(reader, folder);
}

}  // namespace conclave::ultrasound
