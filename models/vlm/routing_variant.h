/// The published ways of routing a vision-language model, as configurations of the MoE layer.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// The layer configuration that a short form stands for; a full configuration comes back as it is.
///   {"variant": "modality-aware", "experts": 4, "hidden": 128, "k": 2}
/// Variants; `hidden` is an expert's width H:
///   modality-aware  MoIIE: a router and a private expert for each modality, the other experts shared; top-k,
///                   renormalised
///   modality-blind  every token sees every expert; top-k, renormalised
///   per-modality    one FFN for each modality, no choice
///   lora            LLaVA-MoLE: LoRA experts of rank `rank` over one FFN; top-1, weighted by its probability
///                   so that the loss reaches the router
///   null-shared     Uni-MoE-2: sparse-mixer, top-p over the routed experts and a null expert; two shared
///   experts of
///                   width H/2 share the gate
/// Throws UsageError.
Json routing_variant(const Json& config);

std::vector<std::string> routing_variant_names();

}  // namespace conclave
