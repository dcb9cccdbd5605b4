/// Small views of a routing that several banks need.
#pragma once

#include "framework/moe/routing.h"

namespace conclave {

/// bool [T,K]: slots that hold one of the experts 0..experts-1.
Tensor own_slots(const Routing& routing, int64_t experts);
/// [T,K] in float32: the weights of those slots, zero elsewhere.
Tensor own_weight(const Routing& routing, int64_t experts);
/// [T,E]: the weight of each expert, summed where it was chosen twice.
Tensor dense_weight(const Routing& routing, int64_t experts);
/// The routing as a part of the pool sees it: expert `offset` is its 0; lower ones become -1.
Routing shifted(const Routing& routing, int64_t offset);

}  // namespace conclave
