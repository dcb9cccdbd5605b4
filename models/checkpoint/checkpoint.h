/// A model folder as published: config.json, .safetensors files, tokenizer.
#pragma once

#include <filesystem>
#include <optional>

#include "framework/tensor/safetensors.h"
#include "models/checkpoint/architecture.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

/// What a folder holds, known without reading weights.
struct CheckpointFolder {
  std::filesystem::path path;
  Json published;  ///< config.json
  const Architecture* architecture = nullptr;
  std::shared_ptr<Safetensors> files;  ///< headers are read, weights only when they are asked for
  Json config;                         ///< ours
};

/// Reads config.json and finds the architecture, unless the caller knows it. Throws DataError (unknown
/// architecture, damaged file) and UsageError (a setting that is missing or not supported).
CheckpointFolder open_checkpoint(const std::filesystem::path& folder, const Architecture* known = nullptr);

/// A module with the right names and shapes and without values.
Ptr<Multimodal> shape_of(const CheckpointFolder& folder);

/// The model with its weights; `dtype` as in FillOptions. Throws DataError that lists missing, surplus and
/// misshapen tensors.
Ptr<Multimodal> load_checkpoint(const CheckpointFolder& folder, std::optional<at::ScalarType> dtype = {});

}  // namespace conclave
