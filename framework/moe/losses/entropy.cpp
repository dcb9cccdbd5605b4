#include "framework/moe/losses/entropy.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kTiny = 1e-20;  // keeps the gradient at probability 0 finite

Tensor entropy(const Tensor& p, int64_t dim) {
  return -(p * p.clamp_min(kTiny).log()).sum(dim);
}

}  // namespace

Tensor ZLoss::of(const RoutedTokens& t) const {
  require<UsageError>(t.logits_NE.defined(), "loss \"z_loss\": the router at site {} keeps no logits",
                      t.site);
  Tensor logits_NE = t.logits_NE;
  if (!t.allowed_NE.defined()) return logits_NE.logsumexp(1).square().mean();
  // A token that may go nowhere has no logits to keep small.
  const Tensor some_N = t.allowed_NE.any(1);
  logits_NE = logits_NE.masked_fill(t.allowed_NE.logical_not(), -1e30f);
  const Tensor z_N = logits_NE.logsumexp(1).masked_fill(some_N.logical_not(), 0);
  return z_N.square().sum() / some_N.sum().clamp_min(1);
}

Tensor TokenEntropy::of(const RoutedTokens& t) const {
  return entropy(t.prob_NE, 1).mean();
}

Tensor MeanEntropy::of(const RoutedTokens& t) const {
  return std::log(static_cast<double>(t.experts())) - entropy(t.prob_NE.mean(0), 0);
}

Tensor MutualInformation::of(const RoutedTokens& t) const {
  const Tensor& group_N = with == With::task ? t.task_N : t.modality_N;
  require<UsageError>(group_N.defined(), "loss \"mutual_information\": the tokens have no {}",
                      with == With::task ? "task" : "modality");
  const Tensor known = (group_N >= 0).nonzero().squeeze(1);
  if (known.size(0) == 0) return t.prob_NE.sum() * 0;
  const Tensor group = group_N.index_select(0, known).to(at::kLong);
  const int64_t groups = group.max().item<int64_t>() + 1;
  const Tensor joint_GE = at::zeros({groups, t.experts()}, t.count_NE.options())
                              .index_add(0, group, t.prob_NE.index_select(0, known)) /
                          static_cast<double>(known.size(0));
  // I = H(group) + H(expert) - H(group, expert)
  return entropy(joint_GE.flatten(), 0) - entropy(joint_GE.sum(1), 0) - entropy(joint_GE.sum(0), 0);
}

}  // namespace conclave
