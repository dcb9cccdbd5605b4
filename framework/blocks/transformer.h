/// Pre-norm transformer layers with dense or mixture-of-experts feed-forward parts.
#pragma once

#include "framework/blocks/attention.h"
#include "framework/moe/layer.h"

namespace conclave {

/// x + attention(norm(x)), then + ffn(norm(x)). Without the second norm both read the first one's output,
/// side by side (GPT-J, Phi-2).
struct TransformerBlock : Module {
  Ptr<Norm> input_layernorm, post_attention_layernorm;
  Ptr<SelfAttention> self_attn;
  Ptr<Path> ffn;       ///< dense; or
  Ptr<Layer> moe;      ///< routed
  double dropout = 0;  ///< of both parts' outputs, while training

  /// x [N,L,D] -> [N,L,D]; the feed-forward part sees the tokens flattened to [N·L,D], row by row.
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const;
  /// Both kinds of feed-forward part are called "mlp", as published checkpoints have it.
  void visit(Visitor& v) override;
};

/// A stack of blocks with a last norm.
struct Transformer : Module {
  int64_t width = 0;
  Rotary rotary;       ///< dim 0: none
  int64_t window = 0;  ///< of PassInput, for passes that name none
  std::vector<Ptr<TransformerBlock>> layers;
  Ptr<Norm> norm;

  /// x [N,L,D] -> [N,L,D]. Reads and extends context.past where there is one. Fills context.valid_T,
  /// sequence_T and position_T where they are not set.
  Tensor forward(const Tensor& x_NLD, const PassInput& input, TokenContext context) const;
  /// An empty state for this stack.
  DecodeState new_state() const { return DecodeState(static_cast<int64_t>(layers.size())); }
  void visit(Visitor& v) override;
};

/// Builds a stack; docs/nn.md lists the keys. The MoE layers take the sites first_site, first_site + 1, ...
/// Throws UsageError that names the key.
///   {"width": 256, "layers": 4, "heads": 8, "kv_heads": 2, "rope": {"theta": 10000},
///    "ffn": {"hidden": 683}, "moe": {...}, "moe_layers": "odd"}
Ptr<Transformer> make_transformer(const Json& config, Site first_site = 0,
                                  const std::string& path = "transformer");

}  // namespace conclave
