#include "framework/moe/losses/localized_balance.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {

Tensor LocalizedBalance::of(const RoutedTokens& t) const {
  require<UsageError>(t.task_N.defined(), "loss \"localized_balance\": the tokens have no task");
  const auto tasks = static_cast<int64_t>(groups.size());
  const Tensor factor_GE = at::full({tasks + 1, t.experts()}, 1 - delta, at::kFloat);
  for (int64_t g = 0; g < tasks; ++g)
    for (const int64_t e : groups[g]) {
      require<UsageError>(e < t.experts(), "loss \"localized_balance\": expert {} is not one of {}", e,
                          t.experts());
      factor_GE[g][e].fill_(1 + delta);
    }
  // The last row serves tokens of no group.
  const Tensor task_N = at::where((t.task_N < 0) | (t.task_N >= tasks), tasks, t.task_N).to(at::kLong);
  const Tensor mass_NE = t.prob_NE * factor_GE.to(t.prob_NE.device()).index_select(0, task_N);
  if (!t.sequence_N.defined())
    return mass_NE.sum(0).var(/*unbiased=*/false) / mass_NE.sum(0).mean().clamp_min(1e-20);
  const auto [ids, place_N, counts] =
      at::unique_dim(t.sequence_N, 0, /*sorted=*/true, /*return_inverse=*/true);
  const Tensor z_SE = at::zeros({ids.size(0), t.experts()}, mass_NE.options()).index_add(0, place_N, mass_NE);
  return z_SE.var(/*unbiased=*/false) / z_SE.mean().clamp_min(1e-20);
}

}  // namespace conclave
