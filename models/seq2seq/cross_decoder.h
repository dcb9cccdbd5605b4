/// A decoder whose layers also look at what an encoder gave (arXiv 1706.03762).
#pragma once

#include "framework/blocks/attention.h"
#include "framework/moe/layer.h"

namespace conclave {

/// An encoder's output as every layer's keys and values, made once for all steps.
struct Memory {
  std::vector<KeyValue> layers;
  Visibility visibility;
};

struct CrossAttention : Module {
  int64_t heads = 0;
  Linear q_proj, k_proj, v_proj, o_proj;

  CrossAttention(int64_t width, int64_t heads, bool bias);
  /// Memory [N,M,D] -> keys and values.
  KeyValue remember(const Tensor& memory_NMD) const;
  Tensor forward(const Tensor& x_NLD, const KeyValue& memory, const Visibility& visibility) const;
  void visit(Visitor& v) override;
};

/// x + self(norm x), then + cross(norm x), then + ffn(norm x).
struct CrossBlock : Module {
  Ptr<Norm> self_norm, cross_norm, ffn_norm;
  Ptr<Attention> self_attn;
  Ptr<CrossAttention> cross_attn;
  Ptr<Path> ffn;   ///< dense; or
  Ptr<Layer> moe;  ///< routed
  void visit(Visitor& v) override;
};

struct CrossDecoder : Module {
  int64_t width = 0;
  std::vector<Ptr<CrossBlock>> layers;
  Ptr<Norm> norm;

  /// valid_NM bool; undefined: all. A row without valid places sees them all.
  Memory remember(const Tensor& memory_NMD, const Tensor& valid_NM) const;
  /// What the layers gave, for comparison: their outputs and those of their cross-attention.
  struct Seen {
    std::vector<Tensor> layers, cross;
  };
  /// Causal; x [N,L,D] with positions already added -> [N,L,D]. Reads and extends context.past where there is
  /// one.
  Tensor forward(const Tensor& x_NLD, const Memory& memory, TokenContext context, Seen* seen = nullptr) const;
  DecodeState new_state() const { return DecodeState(static_cast<int64_t>(layers.size())); }
  void visit(Visitor& v) override;
};

/// {"width", "layers", "heads", "bias": true, "eps": 1e-5, "ffn": {...}, "moe": {...}, "moe_layers": [..]}.
/// The routed layers take the sites first_site, first_site + 1, ... Throws UsageError that names the key.
Ptr<CrossDecoder> make_cross_decoder(const Json& config, Site first_site, const std::string& path);

/// Sinusoids of positions [...] -> [...,width]: sines, then cosines, of frequencies that fall from 1 to
/// 1/10000; or cosines first.
Tensor sinusoids(const Tensor& position, int64_t width, bool cosines_first = false);

}  // namespace conclave
