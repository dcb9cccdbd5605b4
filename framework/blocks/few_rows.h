/// One token of a few sequences through a small stack of layers, as plain loops over the weights: such a step
/// is some hundred thousand multiply-adds, and the dispatch of tensor operations would cost several times as
/// much as they do.
#pragma once

#include <optional>

#include "framework/blocks/transformer.h"

namespace conclave {

/// Wider stacks have products that are worth more threads than one.
constexpr int64_t kFewRowsWidth = 512;

/// What Transformer::forward gives for x [N,1,D] of up to kFewTokens rows that goes on from context.past, but
/// for float32 rounding. Nothing, and nothing is changed, when the stack, the pass or the tensors are not
/// made for it.
std::optional<Tensor> step_few_rows(const Transformer& stack, const Tensor& x_N1D, const PassInput& input,
                                    TokenContext context);

}  // namespace conclave
