/// A model folder as published: config.json, weights, tokenizer.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "framework/moe/kernels/packed.h"
#include "framework/tensor/tensor_source.h"
#include "models/checkpoint/architecture.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

/// What a folder holds, known without reading weights.
struct CheckpointFolder {
  std::filesystem::path path;
  Json published;  ///< config.json
  const Architecture* architecture = nullptr;
  std::shared_ptr<TensorSource> files;  ///< headers are read, weights only when they are asked for
  Json config;                          ///< ours
};

/// Reads config.json and finds the architecture, unless the caller knows it. `path` may also be a file of
/// weights that carries its configuration (DAC's .pth). Throws DataError (unknown architecture, damaged
/// file) and UsageError (a setting that is missing or not supported).
CheckpointFolder open_checkpoint(const std::filesystem::path& path, const Architecture* known = nullptr);

/// A module with the right names and shapes and without values. Throws UsageError for a folder of another
/// kind.
Ptr<Multimodal> shape_of(const CheckpointFolder& folder);

/// The model with its weights; `dtype` and `packing` as in FillOptions. Throws DataError that lists missing,
/// surplus and misshapen tensors.
Ptr<Multimodal> load_checkpoint(const CheckpointFolder& folder, std::optional<at::ScalarType> dtype = {},
                                std::optional<kernels::Packing> packing = {});

/// The same for what `make` builds from the configuration: codecs, translators, ...
Ptr<Module> shaped(const CheckpointFolder& folder, const std::function<Ptr<Module>(const Json&)>& make);
void fill_module(Module& module, const CheckpointFolder& folder, std::optional<at::ScalarType> dtype = {},
                 std::optional<kernels::Packing> packing = {});
template <class M>
Ptr<M> load_as(const CheckpointFolder& folder, Ptr<M> (*make)(const Json&),
               std::optional<at::ScalarType> dtype = {}) {
  const auto module = shaped(folder, make);
  fill_module(*module, folder, dtype);
  return std::static_pointer_cast<M>(module);
}

}  // namespace conclave
