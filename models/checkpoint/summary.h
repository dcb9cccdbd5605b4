/// What a checkpoint amounts to, known without reading weights.
#pragma once

#include "models/checkpoint/checkpoint.h"

namespace conclave {

/// architecture, layers, moe_layers, width, vocabulary, experts, experts_per_token, shared_experts, router
/// (its stages), parameters, active_parameters (what one token is multiplied with: all but the embedding
/// table and the experts not chosen), memory {"float32": bytes, "bfloat16", "int8", "int4"}.
Json summarise_checkpoint(const CheckpointFolder& folder);

}  // namespace conclave
