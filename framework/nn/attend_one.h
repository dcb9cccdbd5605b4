/// Attention of one new token over what was read, for bfloat16 on the host.
#pragma once

#include "framework/nn/attend.h"

namespace conclave {

/// attend() for queries of one token each by our own vector kernels, summed in float32: a row's bits do not
/// depend on the rows beside it. Undefined where this does not serve: other types and devices, several
/// queries a row, masks, gradients.
Tensor attend_one(const Tensor& q_NH1C, std::span<const KeyValue> pieces, const Visibility& visibility);

}  // namespace conclave
