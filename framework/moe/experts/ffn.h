/// Feed-forward experts: gated, w2 (act(w1 x + b1) * (w3 x + b3)) + b2, or plain, w2 act(w1 x + b1) + b2.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/experts/low_rank.h"
#include "framework/nn/activation.h"

namespace conclave {

struct FfnOptions {
  int64_t hidden = 0;  ///< F
  Activation activation = Activation::silu;
  bool gated = true;
  bool bias = false;
};

struct FfnExperts : Experts {
  Tensor w1_EFD;                         ///< gate; up where the bank is plain
  Tensor w3_EFD;                         ///< up; undefined where the bank is plain
  Tensor w2_EDF;                         ///< down
  Tensor b1_EF, b3_EF, b2_ED;            ///< undefined without bias
  Ptr<LowRankBank> lora1, lora3, lora2;  ///< an adapter of each expert's own weights; null without
  Activation activation = Activation::silu;

  FfnExperts() = default;
  /// Weights from a normal of standard deviation 1/sqrt(inputs), biases zero.
  FfnExperts(const ExpertsShape& shape, const FfnOptions& options);

  bool gated() const { return w3_EFD.defined(); }
  int64_t count() const override { return w1_EFD.size(0); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  /// ‖w1[e] x‖₂, the experts' own activation norm (Autonomy-of-Experts, arXiv 2501.13074).
  Tensor affinity(const Tensor& x_TD) const override;
  Ptr<Experts> fuse(const Tensor& weight_GE) const override;
  /// Also throws Error while adapters are attached.
  void remap(Ids from) override;
  /// A fresh low-rank pair for every weight of every expert. Throws Error when there is one.
  void attach_lora(const LoraOptions& options);
  /// Adds the adapters to the weights and drops them.
  void merge_lora();
  void visit(Visitor& v) override;
};

}  // namespace conclave
