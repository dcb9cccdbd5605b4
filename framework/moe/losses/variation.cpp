#include "framework/moe/losses/variation.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

Tensor variation(const Tensor& value_E) {
  return value_E.var(/*unbiased=*/false) / (value_E.mean().square() + 1e-10);
}

/// Chance of each expert to be among the K best when its own noise is drawn again: [N,E].
Tensor smooth_load(const RoutedTokens& t, double noise_std) {
  constexpr float kNever = -1e30f;
  Tensor logits_NE = t.logits_NE;
  if (t.allowed_NE.defined()) logits_NE = logits_NE.masked_fill(t.allowed_NE.logical_not(), kNever);
  if (t.slots >= t.experts()) return at::ones_like(logits_NE);
  const Tensor best = std::get<0>(logits_NE.topk(t.slots + 1, 1));
  const Tensor last_in = best.narrow(1, t.slots - 1, 1), first_out = best.narrow(1, t.slots, 1);
  const Tensor to_beat_NE = at::where(logits_NE > first_out, first_out, last_in);
  const Tensor load_NE = at::special_ndtr((logits_NE - to_beat_NE) / noise_std);
  return t.allowed_NE.defined() ? load_NE.masked_fill(t.allowed_NE.logical_not(), 0) : load_NE;
}

}  // namespace

Tensor ImportanceVariation::of(const RoutedTokens& t) const {
  return variation(t.weight_NE.sum(0));
}

Tensor LoadVariation::of(const RoutedTokens& t) const {
  if (noise_std <= 0) return variation(t.count_NE.sum(0));
  require<UsageError>(t.logits_NE.defined() && t.slots > 0, "loss \"load_cv\": the router keeps no logits");
  return variation(smooth_load(t, noise_std).sum(0));
}

}  // namespace conclave
