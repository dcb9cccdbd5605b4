/// Published weights as safetensors.
#pragma once

#include <filesystem>

#include "framework/base/json.h"

namespace conclave {

struct Converted {
  int64_t tensors = 0;
  uint64_t bytes = 0;
};

/// Writes the weights of `from`, a model folder or one file, to the folder `to` as safetensors, bit for bit
/// and under their own names, with the small files of the model beside them (.json, .txt, .model). Where
/// config.json is missing, it is made of what the weights' file held beside tensors. Tensors that shared
/// memory are written one by one. Throws DataError, and UsageError when `to` has weights already.
Converted convert_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace conclave
