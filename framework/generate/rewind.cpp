#include "framework/generate/rewind.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {

void rewind(DecodeState& state, int64_t length) {
  const int64_t forgotten = state.length() - length;
  auto& last = state.segments.back();
  require(forgotten >= 0 && forgotten <= last.length,
          "[rewind] {} tokens to forget of {} in the last segment", forgotten, last.length);
  if (forgotten == 0) return;
  require(can_rewind(state), "[rewind] {} tokens: recurrent layers keep no earlier state", forgotten);
  last.length -= forgotten;
  if (last.valid_RL.defined()) {
    state.seen_N = state.seen_N - last.valid_RL.narrow(1, last.length, forgotten).sum(1);
    last.valid_RL = last.valid_RL.narrow(1, 0, last.length);
  } else {
    state.seen_N = state.seen_N - forgotten;
  }
}

}  // namespace conclave
