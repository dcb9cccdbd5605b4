/// The dense feed-forward layers of a transformer.
#pragma once

#include "framework/base/json.h"
#include "framework/nn/activation.h"
#include "framework/nn/linear.h"
#include "framework/nn/path.h"

namespace conclave {

/// Standard deviations of fresh weights. `out` is for projections that write to the residual stream: scaled
/// by 1/sqrt(2·layers) it keeps the stream's variance independent of depth (GPT-2).
struct InitStd {
  double in = 0.02;
  double out = 0.02;
  static InitStd for_depth(int64_t layers, double std = 0.02);
};

/// down(act(gate(x)) · up(x)): SwiGLU and its kin (arXiv 2002.05202).
struct GatedFfn : Path {
  Activation activation = Activation::silu;
  Linear gate_proj, up_proj, down_proj;

  GatedFfn() = default;
  GatedFfn(int64_t width, int64_t hidden, Activation activation, bool bias = false, InitStd std = {});
  Tensor forward(const Tensor& x, const TokenContext& context) override;
  bool reads_context() const override { return gate_proj.adapter || up_proj.adapter || down_proj.adapter; }
  void visit(Visitor& v) override;
};

/// fc2(act(fc1(x))).
struct PlainFfn : Path {
  Activation activation = Activation::gelu;
  Linear fc1, fc2;

  PlainFfn() = default;
  PlainFfn(int64_t width, int64_t hidden, Activation activation, bool bias = true, InitStd std = {});
  Tensor forward(const Tensor& x, const TokenContext& context) override;
  bool reads_context() const override { return fc1.adapter || fc2.adapter; }
  void visit(Visitor& v) override;
};

/// {"kind": "gated_ffn" | "plain_ffn", "hidden": 512, "activation": "silu", "bias": false}. `path` names the
/// object in errors. Throws UsageError.
Ptr<Path> make_ffn(const Json& config, int64_t width, InitStd std = {}, const std::string& path = "ffn");

}  // namespace conclave
