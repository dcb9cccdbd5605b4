/// What the losses read of a record: its valid tokens, as plain float tensors.
#pragma once

#include <span>
#include <vector>

#include "framework/moe/loss.h"

namespace conclave {

/// N valid tokens over a pool of E experts (null experts last, when they count).
struct RoutedTokens {
  int site = 0;
  int64_t step = 0;
  Tensor prob_NE;     ///< rows sum to 1 (0 where a token has no probability left); differentiable
  Tensor logits_NE;   ///< before masking; undefined when the router kept none
  Tensor allowed_NE;  ///< bool; undefined means all
  Tensor count_NE;    ///< float32, how often a token chose an expert; no gradient
  Tensor weight_NE;   ///< float32, routing weight of each expert, 0 where not chosen; differentiable
  Tensor dropped_E;   ///< slots lost to capacity; undefined when there is none
  Tensor modality_N;  ///< int64; undefined when not known, like those below
  Tensor sequence_N;
  Tensor task_N;
  Tensor importance_N;
  int64_t slots = 0;  ///< K

  int64_t tokens() const { return count_NE.size(0); }
  int64_t experts() const { return count_NE.size(1); }
};

/// One for each record, and one for each factor of a product router. Records without a valid token are left
/// out. `nulls`: null experts stay in the pool; otherwise they are taken out and probabilities renormalised.
/// Throws UsageError naming `loss` when a router kept no probabilities.
std::vector<RoutedTokens> routed_tokens(std::span<const Record> records, bool nulls, const char* loss);

/// A loss that looks at one record at a time; the records are averaged, or summed.
struct RecordLoss : Loss {
  bool nulls = true;
  bool sum = false;
  Tensor operator()(std::span<const Record> records, const Tensor& target) override;
  virtual Tensor of(const RoutedTokens& tokens) const = 0;
  virtual const char* name() const = 0;
};

}  // namespace conclave
