/// Layers that normalise what a branch gives instead of what it takes (OLMo 2, arXiv 2501.00656).
#pragma once

#include "framework/blocks/transformer.h"

namespace conclave {

/// Makes every layer x + norm(attention(x)), then + norm(ffn(x)). The norms' tensors are then called
/// "self_attn.post_norm" and "mlp.post_norm". Throws UsageError for routed layers.
void normalise_branches(Transformer& stack);

}  // namespace conclave
