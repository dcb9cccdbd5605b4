#include "models/checkpoint/adapters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/lora/attach.h"
#include "framework/moe/experts/ffn.h"
#include "models/checkpoint/adapter_loader.h"
#include "models/checkpoint/dora.h"

namespace conclave {

namespace fs = std::filesystem;

bool is_adapter(const fs::path& folder) {
  return fs::exists(folder / "adapter_config.json") && !fs::exists(folder / "config.json");
}

fs::path base_of_adapter(const fs::path& folder) {
  const auto file = folder / "adapter_config.json";
  const Json config = read_json(file);
  const auto name = config.is_object() ? config.value("base_model_name_or_path", Json()) : Json();
  if (!name.is_string())
    throw DataError(file.string(), "base_model_name_or_path", "must name the base model's folder");
  for (const fs::path& base : {folder / name.get<std::string>(), fs::path(name.get<std::string>())})
    if (fs::exists(base / "config.json")) return base;
  throw DataError(
      file.string(), "base_model_name_or_path",
      fmt::format("\"{}\" is no model folder here; adapters need their base model", name.get<std::string>()));
}

AdapterTensors load_adapter(Multimodal& model, const CheckpointFolder& base, const fs::path& folder) {
  const at::NoGradGuard no_grad;
  return AdapterLoader(model, base, folder).load();
}

void save_adapter(const AdapterTensors& tensors, const fs::path& folder) {
  const at::NoGradGuard no_grad;
  TensorList list;
  for (const auto& [name, tensor] : tensors) list.emplace_back(name, tensor.value().contiguous());
  save_safetensors(folder / "adapter_model.safetensors", list);
}

void merge_adapters(Multimodal& model) {
  const at::NoGradGuard no_grad;
  merge_lora(model);
  for (const auto& [name, linear] : find_linears(model, {"*"})) {
    const auto dora = std::dynamic_pointer_cast<Dora>(linear->adapter);
    if (!dora) continue;
    linear->weight.copy_(dora->merged());
    linear->adapter = nullptr;
  }
  for (const auto& block : model.text->model->layers) {
    if (!block->moe) continue;
    if (auto* bank = dynamic_cast<FfnExperts*>(block->moe->experts.get()); bank && bank->lora1)
      bank->merge_lora();
  }
}

}  // namespace conclave
