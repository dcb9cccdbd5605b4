/// A published folder with random weights: something of a real size to measure, where no download is wanted.
#pragma once

#include <filesystem>

#include "framework/base/json.h"

namespace conclave {

/// A Qwen3-MoE of 64 experts, 8 a token: about 100 million weights a layer and 65 million outside.
struct RandomModelShape {
  int64_t layers = 4, width = 1024, expert_width = 512, experts = 64, experts_per_token = 8, heads = 16,
          kv_heads = 4, vocabulary = 32000, context = 4096;

  /// As config.json has it.
  Json config() const;
};

/// Writes config.json and model.safetensors (bfloat16, about 2 bytes a weight) into `folder`, the same bytes
/// for the same shape and seed. Weights are uniform with a deviation of 0.02, norms 1.
void write_random_model(const std::filesystem::path& folder, const RandomModelShape& shape, uint64_t seed);

}  // namespace conclave
