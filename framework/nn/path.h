/// Anything that maps tokens to tokens of the same width.
#pragma once

#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

/// A map from [T,D] to [T,D]: a dense FFN, a shared expert, the dense path beside routed experts.
struct Path : Module {
  virtual Tensor forward(const Tensor& x_TD, const TokenContext& context) = 0;
  /// Whether it looks at the context, whose tokens are then those of x_TD.
  virtual bool reads_context() const { return true; }
};

}  // namespace conclave
