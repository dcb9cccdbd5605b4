/// Routings of a pass against the recorded ones.
#pragma once

#include "models/checkpoint/comparison.h"
#include "models/checkpoint/run_case.h"

namespace conclave {

/// "router_logits.L", "expert_ids.L", "combine_weights.L" of a plain recording, or "router.L.logits",
/// "router.L.experts", "router.L.weights" behind the prefix of a case; and what else some originals hold.
void check_routing(Comparison& with, const std::string& prefix, const LayerRouting& routed,
                   const TokenRows& rows);

/// Routers of one modality each (MoIIE): "router.L.TAG.logits" holds the rows of its tokens and the experts
/// that it reaches, counted from the first. `routers` is the checkpoint's {"TAG": {"modality", "first"}}.
void check_modality_routers(Comparison& with, const Json& routers, const std::string& prefix,
                            const LayerRouting& routed, const Reading& reading);

/// Routers of single projections: "gate_logits.PROJECTION", "expert_ids.PROJECTION",
/// "combine_weights.PROJECTION", of those whose name begins with `stem`.
void check_adapter_routing(Comparison& with, const std::string& stem, const CaseOutputs& got,
                           const TokenRows& rows);

}  // namespace conclave
