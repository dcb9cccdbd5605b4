/// A .gguf file as a published folder would have it: names, layouts and configuration of the original.
#pragma once

#include <filesystem>
#include <memory>

#include "framework/base/json.h"
#include "framework/tensor/tensor_source.h"

namespace conclave {

/// `path` itself when it is a .gguf file; the only one in a folder that holds no other weights, or the first
/// of the only model that lies there in several (NAME-00001-of-00003.gguf); else empty.
std::filesystem::path find_gguf(const std::filesystem::path& path);

struct GgufModel {
  Json published;  ///< as config.json would say it
  std::shared_ptr<TensorSource> files;
};

/// Reads the header, those of the other files too where a model lies in several; `file` may be any of them.
/// Weights are read, as float32, when they are asked for. Read are the architectures llama (Mixtral when it
/// has experts), olmoe, qwen2, qwen2moe, qwen3 and qwen3moe. Throws DataError.
GgufModel open_gguf(const std::filesystem::path& file);

}  // namespace conclave
