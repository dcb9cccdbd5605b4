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

/// What a query gets that sees no key, as padding does: published code differs here, and where the next
/// token's loss reads such a row it shows. As any other over all keys; their mean (a finite mask, written
/// out); nothing.
enum class Blind {
  weighed,
  even,
  even_fused,  ///< the same through the fused kernel, whose gradients of such rows are not those of a mean
  nothing
};

/// Which keys each query sees, over all pieces in their order.
struct Visibility {
  Tensor allowed = {};  ///< bool, broadcastable to [N,1,Lq,Lk]; every row sees something; undefined: all
  bool causal = false;  ///< query i sees keys 0..i; for one piece of Lq keys, without `allowed`
  Tensor blind =
      {};  ///< bool [N,1,Lq,1]: queries that see nothing; `allowed` gives them all; undefined: none
  Blind how = Blind::weighed;
};

/// q [N,H,Lq,C] -> [N,H,Lq,C], scaled by 1/sqrt(C). H is a multiple of the key heads: head h reads key head
/// h / (H/Hkv). Differentiable in q, k and v.
Tensor attend(const Tensor& q_NHLC, std::span<const KeyValue> pieces, const Visibility& visibility);

}  // namespace conclave
