/// Feed-forward experts: gated, w2 (act(w1 x + b1) * (w3 x + b3)) + b2, or plain, w2 act(w1 x + b1) + b2.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/experts/low_rank.h"
#include "framework/moe/kernels/packed.h"
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
  kernels::PackedWeight packed1, packed3, packed2;  ///< in the place of w1, w3, w2 after pack()

  FfnExperts() = default;
  /// Weights from a normal of standard deviation 1/sqrt(inputs), biases zero.
  FfnExperts(const ExpertsShape& shape, const FfnOptions& options);

  bool packed() const { return packed1.defined(); }
  bool gated() const { return w3_EFD.defined() || packed3.defined(); }
  int64_t count() const override { return packed() ? packed1.experts() : w1_EFD.size(0); }
  int64_t width() const { return packed() ? packed1.ins : w1_EFD.size(2); }
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
  /// Turns the weights into blocks of 8 or 4 bits; the bank then only runs forward, without gradients of its
  /// own. Returns false and changes nothing where a row cannot be cut into blocks.
  bool pack(kernels::Packing packing);
  void visit(Visitor& v) override;
};

}  // namespace conclave
