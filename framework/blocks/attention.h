/// Multi-head attention with grouped keys, as one layer of a transformer.
#pragma once

#include "framework/base/json.h"
#include "framework/blocks/pass.h"
#include "framework/nn/ffn.h"
#include "framework/nn/linear.h"
#include "framework/nn/norm.h"

namespace conclave {

struct AttentionShape {
  int64_t width = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  bool qkv_bias = false;
  bool out_bias = false;
  enum class QkNorm {
    none,
    head,  ///< RmsNorm over each head (Qwen3)
    full   ///< RmsNorm over all heads at once (OLMoE)
  } qk_norm = QkNorm::none;
  double eps = 1e-6;
  double clip = 0;           ///< queries, keys and values are cut to [-clip, clip] (OLMoE); 0: not
  double norm_centre = 0;    ///< RmsNorm::centre of qk_norm
  bool output_gate = false;  ///< q_proj also gives sigmoid gates of what the heads read (Qwen3-Next)

  /// Reads "heads" (needed), "kv_heads", "head_dim", "qkv_bias", "out_bias", "qk_norm", "clip", "output_gate"
  /// of `c`; throws UsageError.
  static AttentionShape read(class ConfigObject& c, int64_t width, double eps);
};

/// What a transformer block asks of its attention.
struct SelfAttention : Module {
  int64_t layer = 0;  ///< its place in a DecodeState
  /// What published checkpoints call it.
  virtual const char* name() const { return "self_attn"; }
  /// x [N,L,D] -> [N,L,D]; what later tokens need also goes to pass.past.
  virtual Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const = 0;
};

struct Attention : SelfAttention {
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  AttentionShape::QkNorm qk_norm = AttentionShape::QkNorm::none;
  double clip = 0;
  bool output_gate = false;
  Linear q_proj, k_proj, v_proj, o_proj;
  Ptr<Norm> q_norm, k_norm;

  Attention(const AttentionShape& shape, int64_t layer, InitStd std = {});
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
