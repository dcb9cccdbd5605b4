/// What the select stages with a varying number of experts share.
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// Fills the slots with the experts of chosen_UE (bool) that may be chosen, by falling choice. K is the
/// largest number in a row, at least 1.
void fill_slots(RouteState& state, const Tensor& chosen_UE);

/// How many experts reach the mass p: 1 + #{cumulative probability < p}, in order of falling choice; [U]
/// int64.
Tensor count_for_mass(RouteState& state, double p);

}  // namespace conclave
