#include "models/checkpoint/checkpoint.h"

#include "framework/base/error.h"
#include "framework/tensor/fresh.h"
#include "models/audio/audio_lm.h"
#include "models/checkpoint/config_template.h"
#include "models/checkpoint/fill.h"
#include "models/checkpoint/gguf.h"
#include "models/checkpoint/weights.h"

namespace conclave {
namespace {

void check_only(const Json& only, const Json& published, const std::string& path) {
  for (const auto& [key, allowed] : only.items()) {
    if (!published.contains(key) || published[key].is_null()) continue;
    const bool fine = std::find(allowed.begin(), allowed.end(), published[key]) != allowed.end();
    require<UsageError>(fine, "{}: {} = {} is not supported (supported: {})", path, key,
                        published[key].dump(), allowed.dump());
  }
}

// The keys of `inner` also at the top, where there is no such key or `wins` is set; with dots, part by part.
Json flattened(Json published, const std::string& inner, bool wins) {
  const size_t dot = inner.find('.');
  const std::string first = inner.substr(0, dot);
  if (!first.empty() && published.contains(first) && published[first].is_object()) {
    const Json part = published[first];
    for (const auto& [key, value] : part.items())
      if (!published.contains(key) || (wins && !value.is_null())) published[key] = value;
  }
  return dot == std::string::npos ? published : flattened(std::move(published), inner.substr(dot + 1), wins);
}

// The configuration of weights that carry their own, and the table it tells.
const Architecture* told_by_weights(CheckpointFolder& found) {
  const Json values = values_beside(*found.files);
  const Json::json_pointer place("/metadata/kwargs");
  if (!values.is_object() || !values.contains(place)) return nullptr;
  found.published = values[place];
  for (const auto& architecture : architectures())
    if (!architecture.told_by.empty() && found.published.is_object() &&
        found.published.contains(architecture.told_by))
      return &architecture;
  return nullptr;
}

// Some keep the tower's configuration where the tower was published, or settings of a run, in files beside.
void read_beside(CheckpointFolder& found) {
  std::vector<std::string> beside = {"vision_config"};
  for (const auto& architecture : architectures())
    if (!architecture.beside.empty()) beside.push_back(architecture.beside);
  for (const auto& key : beside) {
    const auto more = found.path / (key + ".json");
    if (found.published.is_object() && !found.published.contains(key) && std::filesystem::exists(more))
      found.published[key] = read_json(more);
  }
}

}  // namespace

CheckpointFolder open_checkpoint(const std::filesystem::path& path, const Architecture* known) {
  const bool folder = std::filesystem::is_directory(path);
  if (!folder && !std::filesystem::is_regular_file(path))
    throw DataError(path.string(), "", "is not a folder or a file of weights");
  CheckpointFolder found{path, {}, known, nullptr, {}};
  auto settings = path / "config.json";
  if (const auto gguf = find_gguf(path); !gguf.empty()) {
    settings = gguf;
    auto model = open_gguf(gguf);
    found.published = std::move(model.published);
    found.files = std::move(model.files);
    if (!known) found.architecture = &find_architecture(found.published, settings.string());
  } else if (folder && (known || std::filesystem::exists(settings))) {
    found.published = read_json(settings);
    read_beside(found);
    if (!known) found.architecture = &find_architecture(found.published, settings.string());
    found.files = open_weights(path);
  } else {
    settings = path;
    found.files = open_weights(path);
    found.architecture = told_by_weights(found);
    if (!found.architecture)
      throw DataError(path.string(), "", "has no config.json, and the weights do not say what they are for");
  }
  found.published =
      flattened(std::move(found.published), found.architecture->inner, found.architecture->inner_wins);
  check_only(found.architecture->only, found.published, settings.string());
  found.config =
      fill_template(found.architecture->config, found.published, settings.string(), found.files->names());
  return found;
}

Ptr<Module> shaped(const CheckpointFolder& folder, const std::function<Ptr<Module>(const Json&)>& make) {
  const ShapesOnly shapes_only;
  try {
    return make(folder.config);
  } catch (const UsageError& e) {
    throw UsageError(
        fmt::format("{} does not fit {}: {}", folder.path.string(), folder.architecture->name, e.what()));
  }
}

void fill_module(Module& module, const CheckpointFolder& folder, std::optional<at::ScalarType> dtype,
                 std::optional<kernels::Packing> packing) {
  FillOptions options;
  options.dtype = dtype;
  options.packing = packing;
  const auto* audio = dynamic_cast<const AudioLm*>(&module);
  if (const auto* lm = audio ? audio->lm.get() : dynamic_cast<const Multimodal*>(&module))
    options.layers = static_cast<int64_t>(lm->text->model->layers.size());
  fill_weights(module, *folder.files, *folder.architecture, options);
}

Ptr<Multimodal> shape_of(const CheckpointFolder& folder) {
  const auto kind = folder.config.value("kind", "");
  require<UsageError>(kind == "causal_lm", "{} holds a model of kind {}, not a language model",
                      folder.path.string(), kind);
  return std::static_pointer_cast<Multimodal>(shaped(folder, make_multimodal));
}

Ptr<Multimodal> load_checkpoint(const CheckpointFolder& folder, std::optional<at::ScalarType> dtype,
                                std::optional<kernels::Packing> packing) {
  auto model = shape_of(folder);
  fill_module(*model, folder, dtype, packing);
  return model;
}

}  // namespace conclave
