/// Balance losses: E · Σ_e f_e · P_e, where f_e is the share of slots that went to expert e and P_e the mean
/// probability of e (Switch Transformer, arXiv 2101.03961, eq. 4 to 6). Perfect balance gives 1. They differ
/// in the tokens that f and P are taken over. Slots lost to capacity count as chosen, except in groups.
#pragma once

#include <map>

#include "framework/moe/losses/routed_tokens.h"

namespace conclave {

/// f and P over all tokens of a record, or, with `pool_layers`, of all records together (as Mixtral's
/// published code does).
struct SwitchBalance : Loss {
  bool nulls = true;
  bool sum = false;         ///< over records, in place of the mean
  bool importance = false;  ///< tokens count by TokenContext::importance_T
  bool pool_layers = false;
  Tensor operator()(std::span<const Record> records, const Tensor& target) override;
};

/// The same for each modality apart, over the experts that the modality may use, then summed over modalities
/// (MoIIE). Tokens of unknown modality are a group of their own.
struct ModalityBalance : RecordLoss {
  bool importance = false;
  std::vector<double> weight_M;  ///< one for each modality and one for unknown; empty means 1
  Tensor of(const RoutedTokens& tokens) const override;
  const char* name() const override { return "modality_balance"; }
};

/// The same for each sequence apart, then the mean (DeepSeek-V3, arXiv 2412.19437, eq. 17 to 20).
struct SequenceBalance : RecordLoss {
  bool importance = false;
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
