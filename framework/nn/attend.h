/// Softmax attention of grouped heads over keys and values that may lie in several pieces.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace conclave {

using at::Tensor;

/// Keys and values of R rows. With N query rows, row n reads row n / (N/R): the rows are shared, not copied.
struct KeyValue {
  Tensor k_RHLC, v_RHLC;  ///< [R, kv heads, L, head width]
};

/// Which keys each query sees, over all pieces in their order.
struct Visibility {
  Tensor allowed = {};  ///< bool, broadcastable to [N,1,Lq,Lk]; every row sees something; undefined: all
  bool causal = false;  ///< query i sees keys 0..i; for one piece of Lq keys, without `allowed`
};

/// q [N,H,Lq,C] -> [N,H,Lq,C], scaled by 1/sqrt(C). H is a multiple of the key heads: head h reads key head
/// h / (H/Hkv). Differentiable in q, k and v.
Tensor attend(const Tensor& q_NHLC, std::span<const KeyValue> pieces, const Visibility& visibility);

}  // namespace conclave
