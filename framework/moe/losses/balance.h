/// Balance losses: E · Σ_e f_e · P_e, where f_e is the share of slots that went to expert e and P_e the mean
/// probability of e (Switch Transformer, arXiv 2101.03961, eq. 4 to 6). Perfect balance gives 1. They differ
/// in the tokens that f and P are taken over. Slots lost to capacity count as chosen, except in groups.
#pragma once

#include <map>

#include "framework/moe/losses/routed_tokens.h"

namespace conclave {

/// How published code varies the formula.
struct BalanceForm {
  /// What f is: the share of all slots; the count over the tokens, which sums to K (Mixtral); the share of
  /// tokens whose most probable expert it is (GShard, arXiv 2006.16668; DeepSpeed).
  enum class Share { slots, tokens, first } share = Share::slots;
  bool chosen = false;       ///< P is a softmax over each token's chosen experts alone (Uni-MoE-2)
  bool importance = false;   ///< tokens count by TokenContext::importance_T
  bool pool_layers = false;  ///< all records are one (Mixtral, MoIIE)
};

struct BalanceLoss : RecordLoss {
  BalanceForm form;
  Tensor operator()(std::span<const Record> records, const Tensor& target) override;
};

/// f and P over all tokens of a record.
struct SwitchBalance : BalanceLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "switch_balance"; }
};

/// The same for each modality apart, over the experts that the modality may use, then summed over modalities
/// (MoIIE). Tokens of unknown modality are a group of their own.
struct ModalityBalance : BalanceLoss {
  std::vector<double> weight_M;  ///< one for each modality and one for unknown; empty means 1
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "modality_balance"; }
};

/// The same for each sequence apart, then the mean (DeepSeek-V3, arXiv 2412.19437, eq. 17 to 20).
struct SequenceBalance : BalanceLoss {
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "sequence_balance"; }
};

/// f over everything the optimiser step has seen so far at a site, P over the present tokens (global-batch
/// balance, arXiv 2501.11873). Earlier micro-batches are known by TokenContext::step.
struct WindowBalance : Loss {
  bool nulls = true;
  bool sum = false;
  Tensor operator()(std::span<const Record> records, const Tensor& target) override;

 private:
  int64_t step_ = -1;
  std::map<int, Tensor> count_E_;  // of each site, in the step
};

}  // namespace conclave
