/// Several published adapters on one model, chosen for each row of a batch.
#pragma once

#include "models/checkpoint/checkpoint.h"

namespace conclave {

using NamedFolders = std::vector<std::pair<std::string, std::filesystem::path>>;

/// Puts LoRA and DoRA adapters of the text's projections side by side on `model`, which `base` was loaded as.
/// Inputs::adapter_N and DecodeState::adapter_N choose one by its place in `folders`; -1, or nothing: the
/// model as it was. Throws UsageError for an empty name or one that comes twice, for adapters of experts and
/// MixLoRA (they change what a whole layer computes), and where the model has adapters of its own; DataError
/// as load_adapter does.
void load_adapters(Multimodal& model, const CheckpointFolder& base, const NamedFolders& folders);

}  // namespace conclave
