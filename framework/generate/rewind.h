/// Taking back what a state has read last.
#pragma once

#include "framework/blocks/decode_state.h"

namespace conclave {

/// Whether earlier tokens can be taken back: what recurrent layers have read is one sum.
inline bool can_rewind(const DecodeState& state) {
  return state.recurrent.empty();
}

/// Leaves the first `length` tokens of every row; what is forgotten must lie in the last segment. Throws
/// Error, also where the state cannot go back.
void rewind(DecodeState& state, int64_t length);

}  // namespace conclave
