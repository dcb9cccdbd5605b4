/// Taking back what a state has read last.
#pragma once

#include "framework/blocks/decode_state.h"

namespace conclave {

/// Leaves the first `length` tokens of every row; what is forgotten must lie in the last segment. Throws
/// Error.
void rewind(DecodeState& state, int64_t length);

}  // namespace conclave
