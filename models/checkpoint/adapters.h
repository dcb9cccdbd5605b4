/// Adapters in the layouts they were published in, put on a loaded base model.
#pragma once

#include <filesystem>
#include <functional>
#include <map>

#include "models/checkpoint/checkpoint.h"

namespace conclave {

/// A published adapter tensor: what of ours it became, and these in its own shape.
struct AdapterTensor {
  std::vector<Tensor> leaves;
  std::function<Tensor()> gradient;  ///< undefined tensor where nothing flowed
  std::function<Tensor()> value;     ///< as it would be published now
};

/// By published name, with ".default" left out as in the files.
using AdapterTensors = std::map<std::string, AdapterTensor>;

/// Whether `folder` holds an adapter: adapter_config.json.
bool is_adapter(const std::filesystem::path& folder);

/// The base model's folder, as adapter_config.json names it, relative to the adapter. Throws DataError when
/// it is not there.
std::filesystem::path base_of_adapter(const std::filesystem::path& folder);

/// Puts the adapter on `model`, which `base` was loaded as:
///   peft_type LORA     LoRA (arXiv 2106.09685), rslora, DoRA (arXiv 2402.09353), and the experts of fused
///   parameters; with lora_nums LoRAMoE: pairs and a router on each projection (arXiv 2312.09979)
///   peft_type MIXLORA  LoRA experts over each layer's feed-forward part (arXiv 2404.15159)
///   peft_type MOLE     LLaVA-MoLE's, with mole_args.json beside (arXiv 2401.16160)
/// Throws DataError that lists tensors without a place, UsageError for a setting that is not supported.
AdapterTensors load_adapter(Multimodal& model, const CheckpointFolder& base,
                            const std::filesystem::path& folder);

/// The loss that keeps the load of an adapter's experts even, as make_loss reads it; null when it has none.
/// LoRAMoE's draws the first half of the experts to rows of task 1 and the second to those of task 0.
Json balance_of_adapter(const std::filesystem::path& folder);

/// Whether `folder` holds MeteoRA's adapters beside a base model: adapter_model.safetensors and
/// adapter_config.lora0.json, adapter_config.lora1.json, ...
bool has_meteora(const std::filesystem::path& folder);

/// MeteoRA (arXiv 2405.13053): every projection has a gate of its own, which mixes the best of several LoRA
/// adapters; `slots` is how many, which no file says. Throws as load_adapter does.
AdapterTensors load_meteora(Multimodal& model, const std::filesystem::path& folder, int64_t slots = 2);

/// Writes `tensors` as adapter_model.safetensors into `folder`, float32, under their published names.
void save_adapter(const AdapterTensors& tensors, const std::filesystem::path& folder);

/// Folds every plain, weight-decomposed and expert LoRA into the weights. Banks behind routers stay: their
/// delta depends on the token.
void merge_adapters(Multimodal& model);

}  // namespace conclave
