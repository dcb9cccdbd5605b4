/// One pass through a stack of layers.
#pragma once

#include "framework/blocks/transformer.h"

namespace conclave {

inline Tensor run(const Transformer& stack, const Tensor& x, PassInput input = {},
                  DecodeState* past = nullptr) {
  TokenContext context;
  context.past = past;
  return stack.forward(x, input, context);
}

}  // namespace conclave
