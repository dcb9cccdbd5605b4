/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): keys and values of all heads
/// come from one narrow vector per token, and that vector is what a DecodeState keeps.
#pragma once

#include "framework/blocks/attention.h"

namespace conclave {

struct LatentShape {
  int64_t width = 0;
  int64_t heads = 0;
  int64_t q_rank = 0;  ///< width of the queries' own latent; 0: queries are projected directly
  int64_t kv_rank = 0;
  int64_t nope = 0;   ///< channels of a head without positions
  int64_t rope = 0;   ///< channels with rotary positions; those of the keys are shared by all heads
  int64_t value = 0;  ///< channels of a head's values
  bool bias = false;
  double score_scale = 1;  ///< of the scores, on top of 1/sqrt(nope + rope)

  /// Reads "heads" and "latent": {"q_rank", "kv_rank", "nope", "rope", "value", "bias"} of `c`, and the scale
  /// that "rope.scaling" asks for; throws UsageError.
  static LatentShape read(class ConfigObject& c, int64_t width);
};

struct LatentAttention : SelfAttention {
  LatentShape shape;
  Linear q_proj;              ///< without q_rank
  Linear q_a_proj, q_b_proj;  ///< with it
  Ptr<RmsNorm> q_a_layernorm, kv_a_layernorm;
  Linear kv_a_proj_with_mqa, kv_b_proj, o_proj;

  LatentAttention(const LatentShape& shape, int64_t layer, InitStd std = {});
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override;
  void visit(Visitor& v) override;

 private:
  Tensor queries(const Tensor& x_NLD, const TokenContext& context) const;
};

}  // namespace conclave
