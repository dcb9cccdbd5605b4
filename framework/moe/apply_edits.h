/// How edits act on a routing in the making (inside the router) and on a made one (in the layer).
#pragma once

#include <span>

#include "framework/moe/edits.h"
#include "framework/moe/router.h"

namespace conclave {

/// bias: adds to the logits.
void edit_logits(RouteState& state, std::span<const Edit> edits, const TokenContext& context);
/// forbid and force: change the choice after the masks.
void edit_choice(RouteState& state, std::span<const Edit> edits, const TokenContext& context);
/// replay without weights: takes the experts and leaves their weights to the weigh stages.
void edit_experts(RouteState& state, std::span<const Edit> edits, const TokenContext& context);
/// scale, and replay with weights. Throws Error where a replay has another number of tokens.
void edit_routing(Routing& routing, std::span<const Edit> edits, const TokenContext& context);

}  // namespace conclave
