/// Published weights as safetensors.
#pragma once

#include <filesystem>

#include "framework/tensor/safetensors.h"

namespace conclave {

struct Converted {
  int64_t tensors = 0;
  uint64_t bytes = 0;
};

/// Throws UsageError when `folder` has weights already.
void require_no_weights(const std::filesystem::path& folder);

/// Writes `tensors` as safetensors to the folder `to`, in files of at most 4 GB, with the small files of the
/// model folder `from` (.json, .txt, .model) beside them.
Converted write_checkpoint(const std::filesystem::path& to, const std::filesystem::path& from,
                           const TensorList& tensors);

/// Writes the weights of `from`, a model folder or one file, to the folder `to` as safetensors, bit for bit
/// and under their own names, with the small files of the model beside them (.json, .txt, .model). Where
/// config.json is missing, it is made of what the weights' file held beside tensors. Tensors that shared
/// memory are written one by one. Throws DataError, and UsageError when `to` has weights already.
Converted convert_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace conclave
