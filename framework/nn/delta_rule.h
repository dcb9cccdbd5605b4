/// Linear attention by the gated delta rule (arXiv 2412.06464), in chunks.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

using at::Tensor;

struct DeltaRule {
  Tensor y_NHLV;
  Tensor memory_NHKV;  ///< after the last token
};

/// Each token t first lets the memory decay, M = exp(decay_t) · M, then corrects what it has under key k_t
/// towards v_t, M = M + beta_t · k_tᵀ (v_t - k_t M), and reads y_t = q_t M. All float32; keys of length one.
/// `memory_NHKV`: what was read before; undefined: nothing. A token with decay 0 and beta 0 leaves no trace.
DeltaRule gated_delta_rule(const Tensor& q_NHLK, const Tensor& k_NHLK, const Tensor& v_NHLV,
                           const Tensor& decay_NHL, const Tensor& beta_NHL, const Tensor& memory_NHKV);

}  // namespace conclave
