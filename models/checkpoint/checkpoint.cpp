#include "models/checkpoint/checkpoint.h"

#include "framework/base/error.h"
#include "framework/tensor/fresh.h"
#include "models/checkpoint/config_template.h"
#include "models/checkpoint/fill.h"

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

// The keys of `inner` also at the top, where there is no such key.
Json flattened(Json published, const std::string& inner) {
  if (inner.empty() || !published.contains(inner) || !published[inner].is_object()) return published;
  const Json part = published[inner];
  for (const auto& [key, value] : part.items())
    if (!published.contains(key)) published[key] = value;
  return published;
}

}  // namespace

CheckpointFolder open_checkpoint(const std::filesystem::path& folder, const Architecture* known) {
  const auto file = folder / "config.json";
  if (!std::filesystem::is_directory(folder)) throw DataError(folder.string(), "", "is not a folder");
  CheckpointFolder found{folder, read_json(file), nullptr, nullptr, {}};
  // Some keep the tower's configuration where the tower was published, or settings of a run, in files beside.
  std::vector<std::string> beside = {"vision_config"};
  for (const auto& architecture : architectures())
    if (!architecture.beside.empty()) beside.push_back(architecture.beside);
  for (const auto& key : beside) {
    const auto more = folder / (key + ".json");
    if (found.published.is_object() && !found.published.contains(key) && std::filesystem::exists(more))
      found.published[key] = read_json(more);
  }
  found.architecture = known ? known : &find_architecture(found.published, file.string());
  found.published = flattened(std::move(found.published), found.architecture->inner);
  check_only(found.architecture->only, found.published, file.string());
  found.files = std::make_shared<Safetensors>(folder);
  found.config =
      fill_template(found.architecture->config, found.published, file.string(), found.files->names());
  return found;
}

Ptr<Multimodal> shape_of(const CheckpointFolder& folder) {
  const ShapesOnly shapes_only;
  try {
    return make_multimodal(folder.config);
  } catch (const UsageError& e) {
    throw UsageError(fmt::format("{} does not fit {}: {}", (folder.path / "config.json").string(),
                                 folder.architecture->name, e.what()));
  }
}

Ptr<Multimodal> load_checkpoint(const CheckpointFolder& folder, std::optional<at::ScalarType> dtype) {
  auto model = shape_of(folder);
  FillOptions options;
  options.dtype = dtype;
  options.layers = static_cast<int64_t>(model->text->model->layers.size());
  fill_weights(*model, *folder.files, *folder.architecture, options);
  return model;
}

}  // namespace conclave
