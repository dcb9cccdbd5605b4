/// The weights of a model folder, in whatever format they were published.
#pragma once

#include <filesystem>
#include <memory>

#include "framework/base/json.h"
#include "framework/tensor/tensor_source.h"

namespace conclave {

/// `path` is a file of weights or a folder that holds, in this order of preference: safetensors, sharded or
/// one file; pytorch_model.bin, sharded or one; a single .pth, .pt or .bin file. Throws DataError that lists
/// what was looked for.
std::shared_ptr<TensorSource> open_weights(const std::filesystem::path& path);

/// What such a file holds beside its tensors, null where it is none of torch.save.
Json values_beside(const TensorSource& weights);

}  // namespace conclave
