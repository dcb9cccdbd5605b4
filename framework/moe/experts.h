/// A bank of experts behind one call.
#pragma once

#include <span>

#include "framework/base/json.h"
#include "framework/moe/routing.h"
#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

using Ids = std::span<const int>;

struct Experts : Module {
  /// E: experts that can be run. Ids from E on are null experts and contribute nothing.
  virtual int64_t count() const = 0;
  /// Weighted sum over each token's slots. x_TD [T,D] -> [T,Dout], in x's dtype. Differentiable.
  virtual Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) = 0;
  /// Unweighted outputs [T,K,Dout], zero where a slot is empty. Throws Error where a bank cannot give them.
  virtual Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context);
  /// Scores [T,E] that read the experts' own weights (MoE-X, Autonomy-of-Experts). Throws Error by default.
  virtual Tensor affinity(const Tensor& x_TD) const;
  /// A bank of G experts, each a mix of these: weight_GE [G,E]. Throws Error by default.
  virtual Ptr<Experts> fuse(const Tensor& weight_GE) const;
  /// Expert i becomes a copy of expert from[i]; -1 makes a new one. Throws Error by default.
  virtual void remap(Ids from);
};

/// Sizes of a bank.
struct ExpertsShape {
  int64_t width = 0;    ///< D
  int64_t experts = 0;  ///< E
};

/// Builds a bank from its configuration; docs/moe.md lists every kind. Throws UsageError that names the key.
///   {"kind": "gated_ffn", "hidden": 512, "activation": "silu"}
Ptr<Experts> make_experts(const Json& config, const ExpertsShape& shape);

}  // namespace conclave
