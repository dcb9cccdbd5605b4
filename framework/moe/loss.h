/// Auxiliary losses over the records of a window (a batch, an accumulation, all ranks).
#pragma once

#include <span>

#include "framework/base/json.h"
#include "framework/moe/routing_log.h"
#include "framework/tensor/module.h"

namespace conclave {

struct Loss {
  virtual ~Loss() = default;
  /// A float32 scalar, differentiable through prob_TE, logits_TE and weight_TK. `target` [T] where the loss
  /// needs one.
  virtual Tensor operator()(std::span<const Record> records, const Tensor& target = {}) = 0;
};

/// {"kind": "switch_balance", "weight": 0.01}; docs/moe-losses.md lists the kinds; a list of
/// such objects is their sum. Throws UsageError that names the key.
Ptr<Loss> make_loss(const Json& config);

}  // namespace conclave
