/// LoRA experts over one shared FFN (MixLoRA, arXiv 2404.15159). The shared projections run once a token, not
/// once a slot: gate and up before the experts part, down after the weighted sum, which is exact because it
/// is linear:  Σ_k w_k (W h_k + B_k A_k h_k) = W Σ_k w_k h_k + Σ_k w_k B_k A_k h_k.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/experts/low_rank.h"
#include "framework/nn/ffn.h"

namespace conclave {

/// Which projections the experts adapt. Plain FFNs have no gate: fc1 is `up`, fc2 is `down`.
struct LoraTargets {
  bool gate = true, up = true, down = true;
};

/// What the routing weighs: the outputs of whole experts (MixLoRA), or what the pairs of each projection add
/// (LLaVA-MoLE, arXiv 2401.16160): h = act(G x + Σ_k w_k B_k A_k x) · (U x + ...), y = D h + Σ_k w_k B_k A_k
/// h. With one expert of weight 1 they are the same.
enum class LoraMix { outputs, projections };

struct LoraFfnExperts : Experts {
  Ptr<Path> base;  ///< GatedFfn or PlainFfn; train the adapters alone with set_trainable(bank, true, "lora_")
  Ptr<LowRankBank> gate, up, down;  ///< null where a projection is not adapted
  LoraMix mix = LoraMix::outputs;

  /// Throws UsageError when no projection is adapted.
  LoraFfnExperts(Ptr<GatedFfn> base, int64_t experts, const LoraOptions& options, LoraTargets targets = {});
  LoraFfnExperts(Ptr<PlainFfn> base, int64_t experts, const LoraOptions& options, LoraTargets targets = {});

  int64_t count() const override { return experts_; }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;

 private:
  void adapt(int64_t width, int64_t hidden, const LoraOptions& options, LoraTargets targets);
  Tensor forward_projections(const Tensor& x_TD, const Routing& routing, const TokenContext& context) const;
  Tensor hidden_rows(const Tensor& x_TD, const kernels::RowOrder& order, const TokenContext& context) const;

  int64_t experts_ = 0;
  Activation activation_ = Activation::silu;
  // Parts of `base`.
  const Linear* gate_proj_ = nullptr;
  const Linear* up_proj_ = nullptr;
  const Linear* down_proj_ = nullptr;
};

}  // namespace conclave
