/// The bottleneck: picture tokens and one token for each field look at each other, then go through a dense
/// network and routed experts side by side, mixed by a learned two-way gate (EchoVLM, arXiv 2509.14977).
#pragma once

#include "framework/moe/layer.h"
#include "framework/nn/linear.h"
#include "framework/nn/norm.h"

namespace conclave::ultrasound {

struct MixingBlock : Module {
  int64_t heads = 4;
  LayerNorm norm1, norm2;
  Linear qkv, out;
  Ptr<Layer> moe;   ///< with or without a dense path of its own; or
  Ptr<Path> dense;  ///< no experts at all

  /// `config`: {"moe": keys of docs/moe.md} or {"dense": keys of a feed-forward network}. Throws UsageError.
  MixingBlock(int64_t width, int64_t heads, const Json& config, Site site);
  /// x [N,L,D] -> [N,L,D]; `context` names the N·L tokens. Softmax attention over all L of a row.
  Tensor forward(const Tensor& x_NLD, const TokenContext& context);
  void visit(Visitor& v) override;
};

}  // namespace conclave::ultrasound
