/// How published models stretch rotary positions beyond the length they were first trained on.
#pragma once

#include <string>

#include "framework/base/json.h"
#include "framework/nn/rotary.h"

namespace conclave {

/// Applies a published "rope_scaling" (or "rope_parameters") object: type "default" or "mrope" (nothing to
/// scale), "linear", "yarn" (arXiv 2309.00071), "llama3", "longrope" (arXiv 2402.13753). `longest`: the
/// model's max_position_embeddings. Throws UsageError that names `path` and the key.
void scale_rotary(Rotary& rotary, const Json& config, int64_t longest, const std::string& path);

/// What multi-head latent attention multiplies its scores by under the same object: (0.1·mscale_all_dim·ln
/// factor + 1)² with YaRN (DeepSeek-V2, arXiv 2405.04434), else 1.
double latent_score_scale(const Json& config);

}  // namespace conclave
