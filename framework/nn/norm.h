/// Normalisation. Statistics are taken in float32 whatever the activations are.
#pragma once

#include <string>

#include "framework/tensor/module.h"

namespace conclave {

struct Norm : Module {
  /// x [..., width] -> the same shape and dtype.
  virtual Tensor forward(const Tensor& x) const = 0;
};

/// x / sqrt(mean(x²) + eps) · weight (arXiv 1910.07467).
struct RmsNorm : Norm {
  Tensor weight;  ///< [width]
  double eps = 1e-6;
  double centre = 0;  ///< added to the weight: 1 where it is stored around zero (Qwen3-Next)

  explicit RmsNorm(int64_t width, double eps = 1e-6, double centre = 0);
  Tensor forward(const Tensor& x) const override;
  void visit(Visitor& v) override;
};

/// (x - mean) / sqrt(var + eps) · weight + bias.
struct LayerNorm : Norm {
  Tensor weight;  ///< [width]
  Tensor bias;    ///< [width], or undefined
  double eps = 1e-5;

  explicit LayerNorm(int64_t width, double eps = 1e-5, bool with_bias = true);
  Tensor forward(const Tensor& x) const override;
  void visit(Visitor& v) override;
};

/// Over groups of channels and all places of a picture; does not depend on the batch (arXiv 1803.08494).
struct GroupNorm : Module {
  Tensor weight, bias;  ///< [channels]
  int64_t groups = 1;
  double eps = 1e-5;

  /// Throws UsageError unless `groups` divides `channels`.
  GroupNorm(int64_t channels, int64_t groups, double eps = 1e-5);
  Tensor forward(const Tensor& x_NCHW) const;
  void visit(Visitor& v) override;
};

/// kind "rms_norm", "zero_centred_rms_norm" (weights around zero) or "layer_norm"; `key` names the setting in
/// the UsageError.
Ptr<Norm> make_norm(const std::string& kind, int64_t width, double eps, const std::string& key = "norm");

}  // namespace conclave
