/// Gated delta net (arXiv 2412.06464) as Qwen3-Next and Qwen3.5 have it: a layer that keeps one matrix for
/// each head, and the last inputs of a short convolution, in place of all keys and values.
#pragma once

#include "framework/blocks/attention.h"

namespace conclave {

struct DeltaNetShape {
  int64_t width = 0;
  int64_t key_heads = 0, value_heads = 0;  ///< a key head serves value_heads / key_heads value heads
  int64_t key_dim = 0, value_dim = 0;      ///< channels of a head
  int64_t kernel = 4;                      ///< tokens that the convolution sees
  bool by_key_heads = false;  ///< projections of q, k, v, z and of b, a in one matrix each, head by head
  double eps = 1e-6;

  /// Reads {"key_heads", "value_heads", "key_dim", "value_dim", "kernel", "by_key_heads"}; throws UsageError.
  static DeltaNetShape read(const Json& config, const std::string& path, int64_t width, double eps);
  int64_t keys() const { return key_heads * key_dim; }
  int64_t values() const { return value_heads * value_dim; }
  int64_t channels() const { return 2 * keys() + values(); }
};

struct GatedDeltaNet : SelfAttention {
  DeltaNetShape shape;
  Linear in_proj_qkvz, in_proj_ba;  ///< by_key_heads; or
  Linear in_proj_qkv, in_proj_z, in_proj_b, in_proj_a;
  Tensor conv;            ///< [channels, 1, kernel], of each channel alone
  Tensor A_log, dt_bias;  ///< [value heads]: how fast memories decay
  Ptr<RmsNorm> norm;
  Linear out_proj;

  GatedDeltaNet(const DeltaNetShape& shape, int64_t layer, InitStd std = {});
  /// Padding on either side is passed over and gives zeros. Causal passes alone; throws Error.
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override;
  const char* name() const override { return "linear_attn"; }
  void visit(Visitor& v) override;

 private:
  struct Projected {
    Tensor qkv_NLC, z_NLHV, b_NLH, a_NLH;
  };
  Projected project(const Tensor& x_NLD, const TokenContext& context) const;
};

}  // namespace conclave
